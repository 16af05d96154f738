import {
  type FireTimeFacts,
  formatInstant,
  type Instant,
  instant,
  type JobId,
  type JobNowFacts,
  runIdOf,
  type SkippedFacts,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { readHistories } from '../ledger/history.ts'
import { sql } from '../sql.ts'
import { type JobColumns, toJobFacts } from './job-facts.ts'
import { type ExplainLimits, readLatestFireTimes, readRunFacts } from './run-facts.ts'

/**
 * What there is to tell of a job of this owner at an instant; null where there is no such job.
 * Served by the primary keys.
 */
export async function readFireTimeFacts(
  db: Db,
  owner: UserId,
  jobId: JobId,
  at: Instant,
  limits: ExplainLimits,
): Promise<FireTimeFacts | null> {
  const job = await readJobColumns(db, owner, jobId)
  const [history] = await readHistories(db, [jobId])
  if (job === null || history === undefined) return null
  const [run = null] = await readRunFacts(db, owner, jobId, [at], limits)
  const { rows } = await db.query<{
    skipped: (Omit<SkippedFacts, 'intoRun'> & { readonly intoRun: number | null }) | null
    runBefore: Instant | null
  }>(sql`
    select (select json_build_object(
                     'policy', s.policy, 'count', s.count,
                     'from', floor(extract(epoch from s.from_at) * 1000),
                     'to', floor(extract(epoch from s.to_at) * 1000),
                     'settledAt', floor(extract(epoch from s.settled_at) * 1000),
                     'intoRun', floor(extract(epoch from s.into_run) * 1000))
              from skipped s
             where s.job_id = ${uuidOf(jobId)} and s.from_at <= ${formatInstant(at)}::timestamptz
               and s.to_at >= ${formatInstant(at)}::timestamptz
             order by s.from_at desc
             limit 1) as skipped,
           (select max(r.scheduled_at)
              from runs r
             where r.job_id = ${uuidOf(jobId)}
               and r.scheduled_at < ${formatInstant(at)}::timestamptz) as "runBefore"`)
  const { skipped, runBefore } = rows[0]!
  const nameOf = (scheduledAt: Instant) => runIdOf({ jobId, scheduledAt })
  const waitingAt = history.catchingUpAt ?? history.waitingAt
  return {
    ...{ at, run, versions: history.versions, job: toJobFacts(job) },
    ...{ now: job.now, createdAt: job.createdAt, horizon: job.horizon },
    skipped: skipped && {
      ...skipped,
      intoRun: skipped.intoRun === null ? null : nameOf(instant(skipped.intoRun)),
    },
    runBefore: runBefore && nameOf(runBefore),
    waiting: waitingAt && { runId: nameOf(waitingAt), scheduledAt: waitingAt },
  }
}

/** What there is to tell of a job of this owner as it is now; null where there is no such job. */
export async function readJobNowFacts(
  db: Db,
  owner: UserId,
  jobId: JobId,
  limits: ExplainLimits,
): Promise<JobNowFacts | null> {
  const job = await readJobColumns(db, owner, jobId)
  if (job === null) return null
  const { live, last } = await readLatestFireTimes(db, jobId)
  const runs = await readRunFacts(db, owner, jobId, last === null ? live : [...live, last], limits)
  return {
    job: toJobFacts(job),
    endedAt: job.endedAt,
    live: runs.filter(run => run.finishedAt === null),
    last: runs.find(run => run.finishedAt !== null) ?? null,
  }
}

interface JobAt extends JobColumns {
  readonly now: Instant
  readonly createdAt: Instant
  readonly endedAt: Instant | null
  readonly horizon: Instant
}

async function readJobColumns(db: Db, owner: UserId, jobId: JobId): Promise<JobAt | null> {
  const { rows } = await db.query<JobAt>(sql`
    select now() as now, d.created_at as "createdAt", d.job_type as "jobType", d.state,
           d.cron_expression as "cronExpression", d.every_ms as "everyMs",
           d.time_zone as "timeZone", d.overlap, d.payload ->> 'task' as task,
           d.paused_at as "pausedAt", d.pause_note as "pauseNote",
           d.failure_reason as "failureReason", last.valid_to as "endedAt",
           case when last.state = 'PAUSED' then last.made_by end as "pausedBy",
           (select horizon_at from ledger_horizon) as horizon
      from job_definitions d
      left join lateral (
        select t.state, t.made_by, t.valid_to
          from triggers t
         where t.job_id = d.job_id
         order by t.version desc
         limit 1) last on true
     where d.job_id = ${uuidOf(jobId)} and d.created_by = ${owner} and d.state <> 'DELETED'`)
  return rows[0] ?? null
}
