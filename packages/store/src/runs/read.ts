import {
  type Fence,
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  type RunKey,
  type RunReason,
  type RunStatus,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { RecordedError } from './attempts.ts'

/** A run as its owner sees it. */
export interface RunRow extends RunKey {
  readonly jobId: JobId
  readonly status: RunStatus
  readonly reason: RunReason
  readonly attempt: number
  readonly maxAttempts: number
  readonly fence: Fence
  readonly executor: string | null
  readonly dueAt: Instant
  /** The version of the time zone data that a recurring fire was planned with. */
  readonly tzdata: string | null
  readonly claimedAt: Instant | null
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly error: RecordedError | null
  readonly output: object | null
}

/** An attempt that has ended, or the one that is going on. */
export interface AttemptRow {
  readonly attempt: number
  readonly fence: Fence
  readonly executor: string | null
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly outcome: 'SUCCEEDED' | 'FAILED' | 'LOST' | 'HANDED_BACK' | 'RUNNING' | 'CANCELLED'
  readonly error: RecordedError | null
}

/** The runs of a job of this owner, newest fire time first. Served by the primary keys. */
export async function listRuns(
  db: Db,
  jobId: JobId,
  owner: UserId,
  page: { limit: number; offset: number },
): Promise<RunRow[]> {
  const { rows } = await db.query<RawRun>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", status, reason, attempt,
           max_attempts as "maxAttempts", fence, executor, due_at as "dueAt",
           claimed_at as "claimedAt", started_at as "startedAt", finished_at as "finishedAt",
           error, output, tzdata
      from runs
     where job_id = ${uuidOf(jobId)} and owner = ${owner}
     order by scheduled_at desc
     limit ${page.limit}::int offset ${page.offset}::bigint`)
  return rows.map(toRun)
}

/** One run of this owner, with its attempts from the first; null where there is none. */
export async function readRun(
  db: Db,
  key: RunKey,
  owner: UserId,
): Promise<(RunRow & { readonly attempts: AttemptRow[] }) | null> {
  const jobUuid = uuidOf(key.jobId)
  const at = formatInstant(key.scheduledAt)
  const { rows } = await db.query<RawRun & { attempts: RawAttempt[] }>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", status, reason, attempt,
           max_attempts as "maxAttempts", fence, executor, due_at as "dueAt",
           claimed_at as "claimedAt", started_at as "startedAt", finished_at as "finishedAt",
           error, output, tzdata,
           (select coalesce(json_agg(json_build_object(
                     'attempt', a.attempt, 'fence', a.fence, 'executor', a.executor,
                     'startedAt', extract(epoch from a.started_at) * 1000,
                     'endedAt', extract(epoch from a.ended_at) * 1000,
                     'outcome', a.outcome, 'error', a.error)
                     order by a.attempt, a.fence), '[]')
              from attempts a
             where a.job_id = r.job_id and a.scheduled_at = r.scheduled_at) as attempts
      from runs r
     where job_id = ${jobUuid} and scheduled_at = ${at}::timestamptz and owner = ${owner}`)
  const row = rows[0]
  if (row === undefined) return null
  const run = toRun(row)
  return { ...run, attempts: [...row.attempts.map(toAttempt), ...lastAttempt(run)] }
}

type RawRun = Omit<RunRow, 'jobId'> & { readonly jobUuid: string }
type RawAttempt = Omit<AttemptRow, 'startedAt' | 'endedAt'> & {
  readonly startedAt: number | null
  readonly endedAt: number | null
}

function toRun({ jobUuid, ...row }: RawRun): RunRow {
  return { jobId: jobIdOf(jobUuid), ...row }
}

function toAttempt(attempt: RawAttempt): AttemptRow {
  const floor = (ms: number | null) => (ms === null ? null : (Math.floor(ms) as Instant))
  return { ...attempt, startedAt: floor(attempt.startedAt), endedAt: floor(attempt.endedAt) }
}

/** The run's own row tells of the attempt that is going on, or was the last. */
function lastAttempt(run: RunRow): AttemptRow[] {
  if (run.startedAt === null || run.status === 'PENDING' || run.status === 'DISPATCHED') return []
  const { attempt, fence, executor, startedAt, finishedAt: endedAt, error } = run
  return [{ attempt, fence, executor, startedAt, endedAt, outcome: run.status, error }]
}
