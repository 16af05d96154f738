import { formatInstant, type Instant, type JobId, jobIdOf, type UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { type JobRow, readNow } from '../jobs/read.ts'
import type { RecordedError } from '../runs/attempts.ts'
import type { Progress } from '../runs/log.ts'
import type { RunRow } from '../runs/read.ts'
import { sql } from '../sql.ts'

/** What has happened to some owners' jobs and runs since an instant. */
export interface Look {
  /** The database's clock, read before all else. */
  readonly now: Instant
  readonly jobs: readonly TouchedJob[]
  readonly inFlight: readonly InFlight[]
  readonly ended: readonly EndedAttempt[]
  readonly finished: readonly (RunRow & Owned)[]
  /** Whether more has happened than is told here; of runs under way the first ones are enough. */
  readonly isCut: boolean
}

interface Owned {
  readonly owner: UserId
}

/** A job that was created, changed or deleted. */
export interface TouchedJob extends Owned {
  readonly jobId: JobId
  readonly version: number
  readonly state: string
  readonly isNew: boolean
  /** As it is now; null when it was deleted. */
  readonly job: JobRow | null
}

/** A run that is DISPATCHED or RUNNING. */
export interface InFlight extends RunRow, Owned {
  readonly progress: (Progress & { readonly at: Instant }) | null
}

/** An attempt that was not its run's last. */
export interface EndedAttempt extends Owned {
  readonly jobId: JobId
  readonly scheduledAt: Instant
  readonly attempt: number
  readonly fence: number
  readonly outcome: 'FAILED' | 'LOST' | 'HANDED_BACK' | 'CANCELLED'
  readonly error: RecordedError | null
  readonly endedAt: Instant
  /** When the next one is due; null while it is held, or under way already. */
  readonly nextAttemptAt: Instant | null
}

/** Of each kind, at most so many are told by one look. */
const MOST = 1_000
/** Leases end within this, as far as a look cares, in milliseconds. */
const LEASES_MS = 65_000
/** Unfinished runs of one priority that a look walks at most. */
const MOST_WALKED = 5_000

/**
 * Reads what has happened to the jobs and runs of these owners. Served by `runs_done_finished`,
 * `attempts_by_end`, `runs_live_wake`, `job_definitions_by_owner` and `job_definitions_changed`;
 * nothing is written for it when a run runs.
 *
 * What is committed late has an earlier instant than what was told before it: a look begins some
 * seconds before the last one ended, and whoever is told knows repeats by their names.
 */
export async function lookAt(
  db: Db,
  owners: readonly UserId[],
  sinceOf: (now: Instant) => Instant,
): Promise<Look> {
  const now = await readNow(db)
  const since = formatInstant(sinceOf(now))
  const jobs = await readTouched(db, owners, since)
  const inFlight = await readInFlight(db, owners)
  const ended = await readEnded(db, owners, since)
  const finished = await readFinished(db, owners, since)
  return {
    ...{ now, jobs: jobs.slice(0, MOST), inFlight: inFlight.slice(0, MOST) },
    ...{ ended: ended.slice(0, MOST), finished: finished.slice(0, MOST).reverse() },
    isCut: [jobs, ended, finished].some(rows => rows.length > MOST),
  }
}

async function readTouched(
  db: Db,
  owners: readonly UserId[],
  since: string,
): Promise<TouchedJob[]> {
  const { rows } = await db.query<
    Omit<TouchedJob, 'jobId' | 'job'> & Omit<JobRow, 'status'> & { status: string | null }
  >(sql`
    with touched as materialized (
      select job_id, created_by, version, state, created_at = updated_at as is_new
        from job_definitions
       where created_by = any(${owners}::text[]) and created_at >= ${since}::timestamptz
      union
      -- First what was changed of late, then whose it is: never all jobs of an owner.
      select job_id, created_by, version, state, false
        from (select * from job_definitions
               where updated_at >= ${since}::timestamptz and updated_at <> created_at
              offset 0) changed
       where created_by = any(${owners}::text[])
       limit ${MOST + 1}::int)
    select 'job_' || t.job_id as "jobId", t.created_by as owner, t.version, t.state,
           t.is_new as "isNew", j.job_type as "jobType", j.status,
           j.next_run_at as "nextRunAt", j.created_at as "createdAt",
           j.failure_reason as "failureReason", j.failed_at as "failedAt", j.attempts
      from touched t
      left join jobs j on j.id = t.job_id`)
  return rows.map(({ owner, version, state, isNew, ...job }) => {
    const { jobId } = job
    return {
      jobId,
      owner,
      version,
      state,
      isNew,
      job: job.status === null ? null : (job as JobRow),
    }
  })
}

async function readInFlight(db: Db, owners: readonly UserId[]): Promise<InFlight[]> {
  const { rows } = await db.query<Raw<Omit<InFlight, 'progress'>> & RawProgress>(sql`
    select q.job_id as "jobUuid", q.scheduled_at as "scheduledAt", q.owner, q.status, q.reason,
           q.attempt, q.max_attempts as "maxAttempts", q.fence, q.executor, q.due_at as "dueAt",
           q.claimed_at as "claimedAt", q.published_at as "publishedAt",
           q.started_at as "startedAt", q.finished_at as "finishedAt", q.error, q.output, q.tzdata,
           p.told_at as "toldAt", p.fraction, p.done, p.total, p.message
      from unnest(array[0, 1, 2, 3]::smallint[]) as level (priority),
           lateral (
             select *
               from runs_live
              where runs_live.priority = level.priority
                and wake_at >= now()
                and wake_at <= now() + interval '1 millisecond' * ${LEASES_MS}::float8
              order by wake_at
              limit ${MOST_WALKED}::int) q
      left join run_progress p on p.job_id = q.job_id and p.scheduled_at = q.scheduled_at
     where q.status <> 'PENDING' and q.owner = any(${owners}::text[])
     limit ${MOST + 1}::int`)
  return rows.map(({ jobUuid, toldAt, fraction, done, total, message, ...run }) => ({
    ...run,
    jobId: jobIdOf(jobUuid),
    progress: toldAt === null ? null : { fraction, done, total, message, at: toldAt },
  }))
}

/** Of a run that has finished since, too: not the attempt that was its last. */
async function readEnded(
  db: Db,
  owners: readonly UserId[],
  since: string,
): Promise<EndedAttempt[]> {
  const { rows } = await db.query<Raw<EndedAttempt>>(sql`
    select a.job_id as "jobUuid", a.scheduled_at as "scheduledAt", q.owner, a.attempt, a.fence,
           a.outcome, a.error, a.ended_at as "endedAt",
           case when q.status = 'PENDING' then q.wake_at end as "nextAttemptAt"
      from (select * from attempts where ended_at >= ${since}::timestamptz offset 0) a,
           -- First what has ended of late, then whose it is: never all runs of an owner.
           lateral (select * from runs r
                     where r.job_id = a.job_id and r.scheduled_at = a.scheduled_at
                    offset 0) q
     where q.owner = any(${owners}::text[])
       and (not q.done or a.attempt < q.attempt or a.outcome = 'HANDED_BACK')
     order by a.ended_at
     limit ${MOST + 1}::int`)
  return rows.map(({ jobUuid, ...attempt }) => ({ jobId: jobIdOf(jobUuid), ...attempt }))
}

/**
 * The latest first. Served by `runs_done_finished`: the owner is an expression, so that no index
 * which begins with it is taken, and with it an owner's whole history.
 */
async function readFinished(
  db: Db,
  owners: readonly UserId[],
  since: string,
): Promise<(RunRow & Owned)[]> {
  const { rows } = await db.query<Raw<RunRow & Owned>>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", owner, status, reason, attempt,
           max_attempts as "maxAttempts", fence, executor, due_at as "dueAt",
           claimed_at as "claimedAt", published_at as "publishedAt", started_at as "startedAt",
           finished_at as "finishedAt", error, null as output, tzdata
      from runs_done
     where finished_at >= ${since}::timestamptz and owner || '' = any(${owners}::text[])
     order by finished_at desc
     limit ${MOST + 1}::int`)
  return rows.map(({ jobUuid, ...run }) => ({ jobId: jobIdOf(jobUuid), ...run }))
}

type Raw<Row> = Omit<Row, 'jobId'> & { readonly jobUuid: string }
type RawProgress = Progress & { readonly toldAt: Instant | null }
