import {
  type Instant,
  type JobId,
  jobIdOf,
  priorities,
  type RunKey,
  type RunReason,
  type RunStatus,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql, sqlPart } from '../sql.ts'
import type { RunRow } from './read.ts'

/** A run as lists show it. */
export type ListedRun = Omit<RunRow, 'dueAt' | 'tzdata' | 'output'>

/** What runs must be like; null for whatever they are. */
export interface RunSearch {
  readonly status: RunStatus | null
  readonly reason: RunReason | null
  /** Both inclusive, on the fire time. */
  readonly from: Instant | null
  readonly to: Instant | null
}

export interface FoundRuns {
  readonly runs: ListedRun[]
  /** After which run the search goes on; null when there is nothing more. */
  readonly next: RunKey | null
}

/** A page of a list: so many after a run. */
export interface RunPage {
  readonly after: RunKey | null
  readonly limit: number
}

/** Runs of the history that one search looks at, so that none takes long. */
const MAX_SEARCHED = 10_000
/** Leases that one search looks at to find the runs in flight. */
const MAX_LEASES = 10_000
const LEVELS = priorities.map((_, level) => level)

/**
 * An owner's runs that have ended or are in flight, latest fire time first, after a run; those that
 * wait for their time are told by their jobs. The history is served by `runs_done_by_owner`; what is
 * in flight is few, and has its `wake_at` not far from now (`runs_live_wake`). No more than
 * `MAX_SEARCHED` runs are looked at: a page may hold less than its size, and yet not be the last.
 *
 * @param leaseMs the longest lease of a run
 */
export async function searchRuns(
  db: Db,
  owner: UserId,
  search: RunSearch,
  page: RunPage,
  leaseMs: number,
): Promise<FoundRuns> {
  const { after, limit } = page
  const { status, reason } = search
  const { rows } = await db.query<RawRun>(sql`
    select * from (
      (select ${shown}
         from (${historySeen(owner, search, after)} limit ${MAX_SEARCHED}::int) r
        where (${status}::text is null or status = ${status})
          and (${reason}::text is null or reason = ${reason})
        order by scheduled_at desc, job_id desc
        limit ${limit + 1}::int)
      union all
      (select ${shown}
         from unnest(${LEVELS}::smallint[]) as level (priority),
              lateral (
                select q.* from runs_live q
                 where q.priority = level.priority
                   and q.wake_at > now() - interval '1 minute'
                   and q.wake_at <= now() + interval '1 millisecond' * ${leaseMs}::float8
                 order by q.wake_at desc
                 limit ${MAX_LEASES}::int) r
        where r.owner = ${owner} and r.status <> 'PENDING' and ${within(search, after)}
          and (${status}::text is null or status = ${status})
          and (${reason}::text is null or reason = ${reason})
        order by scheduled_at desc, job_id desc
        limit ${limit + 1}::int)) run
     order by "scheduledAt" desc, "jobUuid" desc
     limit ${limit + 1}::int`)
  const isPlain = status === null && reason === null
  const isCut = !isPlain && rows.filter(row => row.finishedAt !== null).length <= limit
  const end = isCut ? await lastOf(db, historySeen(owner, search, after)) : null
  return toPage(rows, limit, end)
}

/**
 * The runs of one job of this owner, those that wait too, latest fire time first, after a run.
 * Served by the primary keys; no more than `MAX_SEARCHED` are looked at.
 */
export async function searchRunsOfJob(
  db: Db,
  jobId: JobId,
  owner: UserId,
  search: RunSearch,
  { after, limit }: RunPage,
): Promise<FoundRuns> {
  const { status, reason } = search
  const seen = sqlPart`
    select * from runs r
     where r.job_id = ${uuidOf(jobId)}::uuid and r.owner = ${owner} and ${within(search, after)}
     order by r.scheduled_at desc`
  const { rows } = await db.query<RawRun>(sql`
    select ${shown}
      from (${seen} limit ${MAX_SEARCHED}::int) r
     where (${status}::text is null or status = ${status})
       and (${reason}::text is null or reason = ${reason})
     order by scheduled_at desc
     limit ${limit + 1}::int`)
  const isCut = (status !== null || reason !== null) && rows.length <= limit
  return toPage(rows, limit, isCut ? await lastOf(db, seen) : null)
}

/** The last run that a search looked at; null when it looked at all there are. */
async function lastOf(db: Db, seen: object): Promise<RunKey | null> {
  const { rows } = await db.query<KeyRow>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt"
      from (${seen} offset ${MAX_SEARCHED - 1}::int limit 1) r`)
  return rows.map(toKey)[0] ?? null
}

const ended: readonly RunStatus[] = ['SUCCEEDED', 'FAILED', 'CANCELLED']

const shown = sqlPart`
  r.job_id as "jobUuid", r.scheduled_at as "scheduledAt", r.status, r.reason, r.attempt,
  r.max_attempts as "maxAttempts", r.fence, r.executor, r.claimed_at as "claimedAt",
  r.published_at as "publishedAt", r.started_at as "startedAt", r.finished_at as "finishedAt", r.error`

function historySeen(owner: UserId, search: RunSearch, after: RunKey | null): object {
  const { status } = search
  const isEnded = status === null || ended.includes(status)
  return sqlPart`
    select * from runs_done r
     where r.owner = ${owner} and ${isEnded}::boolean and ${within(search, after)}
     order by r.scheduled_at desc, r.job_id desc`
}

function within({ from, to }: RunSearch, after: RunKey | null): object {
  const at = after === null ? null : textOf(after.scheduledAt)
  const jobUuid = after === null ? null : uuidOf(after.jobId)
  return sqlPart`
    (${at}::timestamptz is null
      or (r.scheduled_at, r.job_id) < (${at}::timestamptz, ${jobUuid}::uuid))
    and r.scheduled_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
    and r.scheduled_at <= coalesce(${textOf(to)}::timestamptz, 'infinity')`
}

interface KeyRow {
  readonly jobUuid: string
  readonly scheduledAt: Instant
}

type RawRun = Omit<ListedRun, 'jobId'> & KeyRow

/** @param end where the search had seen enough: what comes after it belongs to the next page */
function toPage(rows: readonly RawRun[], limit: number, end: RunKey | null): FoundRuns {
  const found = rows
    .map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
    .filter(run => end === null || !isAfter(run, end))
  const runs = found.slice(0, limit)
  if (found.length <= limit) return { runs, next: end }
  const { jobId, scheduledAt } = runs.at(-1)!
  return { runs, next: { jobId, scheduledAt } }
}

/** In the order of the lists, latest first. */
function isAfter(run: RunKey, other: RunKey): boolean {
  if (run.scheduledAt !== other.scheduledAt) return run.scheduledAt < other.scheduledAt
  return run.jobId < other.jobId
}

function toKey({ jobUuid, scheduledAt }: KeyRow): RunKey {
  return { jobId: jobIdOf(jobUuid), scheduledAt }
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
