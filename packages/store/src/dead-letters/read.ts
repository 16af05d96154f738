import {
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  type RunKey,
  type RunReason,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import type { RecordedError } from '../runs/attempts.ts'
import { sql } from '../sql.ts'

/** A run that failed for good, as its owner sees it. */
export interface Letter extends RunKey {
  readonly jobId: JobId
  readonly jobName: string | null
  /** As the payload names it; null where it names none. */
  readonly task: string | null
  readonly reason: RunReason
  readonly attempts: number
  readonly failedAt: Instant
  readonly error: RecordedError
  /** Other runs of the job, by their fire times: what it replays, and its latest replay. */
  readonly replayOf: Instant | null
  readonly replayedAt: Instant | null
  readonly dismissedAt: Instant | null
}

export interface LetterFilter {
  readonly jobId: JobId | null
  /** Letter case does not matter. */
  readonly task: string | null
  /** On the instant of the failure: from the first on, and before the second. */
  readonly from: Instant | null
  readonly to: Instant | null
  /** A part of the error's message; letter case does not matter. */
  readonly error: string | null
  /** Null: whether it was or not. */
  readonly replayed: boolean | null
  readonly dismissed: boolean | null
}

/** Where a page of letters ends. */
export interface LetterPlace extends RunKey {
  /** As the database writes it, with microseconds. */
  readonly failedAt: string
}

export interface ListedLetter extends Letter {
  readonly place: LetterPlace
}

/** An owner's dead letters, the latest failure first. Served by `runs_done_failed_by_owner`. */
export async function listLetters(
  db: Db,
  owner: UserId,
  filter: LetterFilter,
  { after, limit }: { after: LetterPlace | null; limit: number },
): Promise<ListedLetter[]> {
  const { jobId, task, from, to, error, replayed, dismissed } = filter
  const { rows } = await db.query<RawLetter & { exact: string }>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", job_name as "jobName",
           payload ->> 'task' as task, reason, attempts, failed_at as "failedAt", error,
           replay_of as "replayOf", replayed_at as "replayedAt", dismissed_at as "dismissedAt",
           failed_at::text as exact
      from dead_letters
     where owner = ${owner}
       and (failed_at, job_id, scheduled_at) < (
             coalesce(${after?.failedAt}::timestamptz, 'infinity'),
             coalesce(${after && uuidOf(after.jobId)}::uuid, ${LAST_UUID}),
             coalesce(${after && formatInstant(after.scheduledAt)}::timestamptz(3), 'infinity'))
       and (${jobId && uuidOf(jobId)}::uuid is null or job_id = ${jobId && uuidOf(jobId)})
       and (${task}::text is null or lower(payload ->> 'task') = lower(${task}))
       and failed_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
       and failed_at < coalesce(${textOf(to)}::timestamptz, 'infinity')
       and (${error}::text is null or strpos(lower(error ->> 'message'), lower(${error})) > 0)
       and (${replayed}::boolean is null or (replayed_at is not null) = ${replayed})
       and (${dismissed}::boolean is null or (dismissed_at is not null) = ${dismissed})
     order by failed_at desc, job_id desc, scheduled_at desc
     limit ${limit}::int`)
  return rows.map(({ exact, ...row }) => {
    const letter = toLetter(row)
    const { jobId: id, scheduledAt } = letter
    return { ...letter, place: { jobId: id, scheduledAt, failedAt: exact } }
  })
}

const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** One dead letter of this owner with the payload that failed. Served by primary keys. */
export async function readLetter(
  db: Db,
  owner: UserId,
  run: RunKey,
): Promise<(Letter & { readonly payload: Record<string, unknown> }) | null> {
  const { rows } = await db.query<RawLetter & { payload: Record<string, unknown> }>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", job_name as "jobName",
           payload ->> 'task' as task, reason, attempts, failed_at as "failedAt", error,
           replay_of as "replayOf", replayed_at as "replayedAt", dismissed_at as "dismissedAt",
           payload
      from dead_letters
     where job_id = ${uuidOf(run.jobId)}
       and scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
       and owner = ${owner}`)
  return rows.map(toLetter)[0] ?? null
}

type RawLetter = Omit<Letter, 'jobId'> & { readonly jobUuid: string }

function toLetter<Row extends RawLetter>({ jobUuid, ...row }: Row) {
  return { jobId: jobIdOf(jobUuid), ...row }
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
