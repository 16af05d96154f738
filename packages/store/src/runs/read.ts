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
import type { Progress } from './log.ts'

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
  /** When it was claimed for its latest attempt; so are the next two. */
  readonly claimedAt: Instant | null
  /** Null until the attempt has started, and where its event did not tell. */
  readonly publishedAt: Instant | null
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly error: RecordedError | null
  readonly output: object | null
}

/** A run with all that is known of it. */
export interface RunDetails extends RunRow {
  /** Who asked for it: a user's id, for a MANUAL run or a REPLAY. */
  readonly requestedBy: UserId | null
  /** The run of the same job that it replays, and the latest replay of this one, by fire time. */
  readonly replayOf: Instant | null
  readonly replayedAt: Instant | null
  /** When somebody dropped it from the dead letters. */
  readonly dismissedAt: Instant | null
  /** How long after it was due its first attempt started, in milliseconds. */
  readonly lateMs: number | null
  readonly progress: (Progress & { readonly at: Instant }) | null
  readonly logLines: number
  /** From the first. */
  readonly attempts: AttemptRow[]
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
           claimed_at as "claimedAt", published_at as "publishedAt", started_at as "startedAt",
           finished_at as "finishedAt", error, output, tzdata
      from runs
     where job_id = ${uuidOf(jobId)} and owner = ${owner}
     order by scheduled_at desc
     limit ${page.limit}::int offset ${page.offset}::bigint`)
  return rows.map(toRun)
}

/**
 * One run of this owner; null where there is none, or its job was deleted. Served by primary keys.
 */
export async function readRun(db: Db, key: RunKey, owner: UserId): Promise<RunDetails | null> {
  const jobUuid = uuidOf(key.jobId)
  const at = formatInstant(key.scheduledAt)
  const { rows } = await db.query<RawDetails>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", status, reason, attempt,
           max_attempts as "maxAttempts", fence, executor, due_at as "dueAt",
           claimed_at as "claimedAt", published_at as "publishedAt", started_at as "startedAt",
           finished_at as "finishedAt", error, output, tzdata, requested_by as "requestedBy", replay_of as "replayOf",
           replayed_at as "replayedAt", dismissed_at as "dismissedAt",
           floor(extract(epoch from least(started_at, (
               select min(a.started_at) from attempts a
                where a.job_id = r.job_id and a.scheduled_at = r.scheduled_at)) - due_at)
             * 1000)::float8 as "lateMs",
           (select json_build_object(
                     'fraction', p.fraction, 'done', p.done, 'total', p.total,
                     'message', p.message, 'at', extract(epoch from p.told_at) * 1000)
              from run_progress p
             where p.job_id = r.job_id and p.scheduled_at = r.scheduled_at) as progress,
           (select count(*) from run_logs l
             where l.job_id = r.job_id and l.scheduled_at = r.scheduled_at) as "logLines",
           (select coalesce(json_agg(json_build_object(
                     'attempt', a.attempt, 'fence', a.fence, 'executor', a.executor,
                     'startedAt', extract(epoch from a.started_at) * 1000,
                     'endedAt', extract(epoch from a.ended_at) * 1000,
                     'outcome', a.outcome, 'error', a.error)
                     order by a.attempt, a.fence), '[]')
              from attempts a
             where a.job_id = r.job_id and a.scheduled_at = r.scheduled_at) as attempts
      from runs r
     where job_id = ${jobUuid} and scheduled_at = ${at}::timestamptz and owner = ${owner}
       and exists (
             select from job_definitions d where d.job_id = r.job_id and d.state <> 'DELETED')`)
  const row = rows[0]
  if (row === undefined) return null
  const { jobUuid: found, ...run } = row
  return withAttempts({ jobId: jobIdOf(found), ...run })
}

type RawRun = Omit<RunRow, 'jobId'> & { readonly jobUuid: string }
type RawDetails = Omit<RunDetails, 'jobId' | 'attempts'> & {
  readonly jobUuid: string
  readonly attempts: RawAttempt[]
}
export type RawAttempt = Omit<AttemptRow, 'startedAt' | 'endedAt'> & {
  readonly startedAt: number | null
  readonly endedAt: number | null
}

function toRun({ jobUuid, ...row }: RawRun): RunRow {
  return { jobId: jobIdOf(jobUuid), ...row }
}

/** Adds the attempt that the run's own row tells of to the earlier ones. */
export function withAttempts<Row extends RunRow & { readonly attempts: RawAttempt[] }>(run: Row) {
  return { ...run, attempts: [...run.attempts.map(toAttempt), ...lastAttempt(run)] }
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
