import { type Pool, sql } from '@cronos/store'
import type {
  AttemptRecord,
  JobRecord,
  Overdue,
  RunRecord,
  SkippedRecord,
  TriggerRecord,
} from './checker/history.ts'

/*
 * What is on record, read past Cronos' own code: a test must not see the records through the eyes
 * of what it tests. Reading sorts and hashes as it likes, on a pool with general plans.
 */

/** The database's clock. */
export async function readClock(db: Pool): Promise<number> {
  const { rows } = await db.query<{ now: number }>(sql`
    select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`)
  return rows[0]!.now
}

/** Finished runs that came on record after `since`, which is moved on. */
export async function readFinished(db: Pool, since: { at: number }): Promise<RunRecord[]> {
  const { rows } = await db.query<RunRecord>(sql`
    select 'job_' || job_id as "jobId", scheduled_at as "scheduledAt", owner, done, status, reason,
           attempt, max_attempts as "maxAttempts", fence, executor, started_at as "startedAt",
           finished_at as "finishedAt", error ->> 'message' as error
      from runs_done
     where finished_at > to_timestamp(${since.at}::float8 / 1000)
     order by finished_at`)
  since.at = rows.at(-1)?.finishedAt ?? since.at
  return rows
}

/** Unfinished runs that somebody should have looked at by now. */
export async function readOverdue(db: Pool, byMs: number): Promise<Overdue[]> {
  const { rows } = await db.query<Overdue>(sql`
    select 'job_' || job_id as "jobId", scheduled_at as "scheduledAt", status,
           wake_at as "wakeAt", clock_timestamp() as "lookedAt"
      from runs_live
     where wake_at < clock_timestamp() - ${byMs}::float8 * interval '1 millisecond'`)
  return rows
}

/** How many runs that were due at that instant are not finished. */
export async function countUnfinished(db: Pool, dueBy: number): Promise<number> {
  const { rows } = await db.query<{ count: number }>(sql`
    select count(*) as count from runs_live
     where scheduled_at <= to_timestamp(${dueBy}::float8 / 1000)`)
  return rows[0]!.count
}

/** All records; of runs those that were due at `readAt`. */
export async function readRecords(db: Pool, readAt: number) {
  const jobs = await db.query<JobRecord>(sql`
    select 'job_' || job_id as "jobId", name, created_by as owner, state from job_definitions`)
  const triggers = await db.query<TriggerRecord>(sql`
    select 'job_' || job_id as "jobId", version, cron_expression as "cronExpression",
           time_zone as "timeZone", run_at as "runAt", valid_from as "validFrom",
           valid_to as "validTo"
      from triggers`)
  const runs = await db.query<RunRecord>(sql`
    select 'job_' || job_id as "jobId", scheduled_at as "scheduledAt", owner, done, status, reason,
           attempt, max_attempts as "maxAttempts", fence, executor, started_at as "startedAt",
           finished_at as "finishedAt", error ->> 'message' as error
      from runs
     where scheduled_at <= to_timestamp(${readAt}::float8 / 1000)`)
  const attempts = await db.query<AttemptRecord>(sql`
    select 'job_' || job_id as "jobId", scheduled_at as "scheduledAt", attempt, fence,
           started_at as "startedAt", ended_at as "endedAt", outcome
      from attempts
     where scheduled_at <= to_timestamp(${readAt}::float8 / 1000)`)
  const skipped = await db.query<SkippedRecord>(sql`
    select 'job_' || job_id as "jobId", from_at as "from", to_at as "to", count, policy
      from skipped
     where from_at <= to_timestamp(${readAt}::float8 / 1000)`)
  return {
    ...{ jobs: jobs.rows, triggers: triggers.rows, runs: runs.rows },
    ...{ attempts: attempts.rows, skipped: skipped.rows },
  }
}
