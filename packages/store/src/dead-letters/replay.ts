import {
  type Instant,
  instant,
  type JobId,
  type JobType,
  jobIdOf,
  nextFireOf,
  type Recurrence,
  type RunKey,
  recurrenceOf,
  runIdOf,
  type StoredRecurrence,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { readNow } from '../jobs/read.ts'
import { inKeyOrder, keyColumns } from '../runs/keys.ts'
import { prepared } from '../sql.ts'

/** A dead letter to be run again. */
export interface Replay extends RunKey {
  readonly jobId: JobId
  /** In place of the payload that failed; null for that one. */
  readonly payload: Readonly<Record<string, unknown>> | null
}

/** What became of a replay. */
export type Replayed = { readonly run: RunKey } & (
  | { readonly kind: 'replayed'; readonly as: Instant }
  /** It is no dead letter of this owner. */
  | { readonly kind: 'unknown' }
  /** Its owner has cancelled the job, which starts nothing from then on. */
  | { readonly kind: 'cancelled' }
  /** It was replayed or dropped before, and only what was not is wanted. */
  | { readonly kind: 'left alone' }
)

export interface ReplayOptions {
  readonly owner: UserId
  /** Who asks for it. */
  readonly requestedBy: UserId
  /** Asking again with the same key answers the run of the first time; null: each is a new run. */
  readonly requestKey: string | null
  /**
   * Leaves alone what was replayed or dropped before: what a search had found may have been by now.
   * Not unless told: whoever names a dead letter may replay it as often as he likes.
   */
  readonly onlyOpen?: boolean
}

/**
 * Replays dead letters, each as a new run that is due at once, all in one transaction. A run that
 * is named twice is replayed once.
 *
 * The definitions are locked before all else is read, so no other replay chooses the same fire time:
 * now, or the first later millisecond that is no fire time of the trigger and no run's. Nor do two
 * that want only what is open both replay one letter.
 *
 * @returns in the order of `replays`
 */
export async function replayLetters(
  pool: Pool,
  replays: readonly Replay[],
  options: ReplayOptions,
): Promise<Replayed[]> {
  const unique = inKeyOrder([...new Map(replays.map(each => [runIdOf(each), each])).values()])
  if (unique.length === 0) return []
  const became = await pool.transaction(tx => replayIn(tx, unique, options))
  return replays.map(each => ({ run: each, ...became.get(runIdOf(each))! }))
}

type Became =
  | { readonly kind: 'replayed'; readonly as: Instant }
  | { readonly kind: 'unknown' | 'cancelled' | 'left alone' }

async function replayIn(
  tx: Db,
  replays: readonly Replay[],
  { owner, requestedBy, requestKey, onlyOpen = false }: ReplayOptions,
): Promise<Map<string, Became>> {
  const jobs = await lockJobs(tx, replays, owner)
  const letters = await readLetters(tx, replays, owner)
  const earlier = requestKey === null ? new Map() : await readKeys(tx, replays, requestKey)
  const place = await openPlaces(tx, jobs)

  const became = new Map<string, Became>()
  const wanted: Wanted[] = []
  for (const replay of replays) {
    const name = runIdOf(replay)
    const job = jobs.get(replay.jobId)
    const letter = letters.get(name)
    const as: Instant | undefined = earlier.get(name)
    if (job === undefined || letter === undefined) became.set(name, { kind: 'unknown' })
    else if (as !== undefined) became.set(name, { kind: 'replayed', as })
    else if (onlyOpen && !letter.isOpen) became.set(name, { kind: 'left alone' })
    else if (job.state === 'CANCELLED') became.set(name, { kind: 'cancelled' })
    else {
      const at = place(replay.jobId)
      wanted.push({ ...replay, at, payload: replay.payload ?? letter.payload })
      became.set(name, { kind: 'replayed', as: at })
    }
  }
  if (wanted.length > 0) await insertReplays(tx, wanted, requestedBy, requestKey)
  return became
}

interface LockedJob {
  readonly state: string
  /** Null for a one-time job, which has no grid. */
  readonly recurrence: Recurrence | null
}

/** Served by the primary key of `job_definitions`. */
async function lockJobs(
  tx: Db,
  replays: readonly Replay[],
  owner: UserId,
): Promise<Map<JobId, LockedJob>> {
  const uuids = [...new Set(replays.map(each => uuidOf(each.jobId)))]
  const { rows } = await tx.query<
    StoredRecurrence & { jobUuid: string; jobType: JobType; state: string }
  >(prepared('lock-replayed')`
    select job_id as "jobUuid", job_type as "jobType", state, cron_expression as "cronExpression",
           time_zone as "timeZone", dst_gap as "dstGap", dst_overlap as "dstOverlap",
           every_ms as "everyMs", anchor_at as "anchorAt", start_at as "startAt", end_at as "endAt"
      from job_definitions
     where job_id = any(${uuids}::uuid[]) and created_by = ${owner} and state <> 'DELETED'
     order by job_id
       for update`)
  return new Map(
    rows.map(({ jobUuid, jobType, state, ...stored }) => [
      jobIdOf(jobUuid),
      { state, recurrence: jobType === 'RECURRING' ? recurrenceOf(stored) : null },
    ]),
  )
}

interface ReplayedLetter {
  /** The one that failed. */
  readonly payload: Record<string, unknown>
  /** Whether nobody has replayed or dropped it yet. */
  readonly isOpen: boolean
}

/** By run. Served by the primary key of `runs_done`. */
async function readLetters(
  tx: Db,
  replays: readonly Replay[],
  owner: UserId,
): Promise<Map<string, ReplayedLetter>> {
  const { jobs, fireTimes } = keyColumns(replays)
  const { rows } = await tx.query<NamedRow & ReplayedLetter>(
    prepared('read-replayed')`
      select l.job_id as "jobUuid", l.scheduled_at as "scheduledAt", l.payload,
             l.replayed_at is null and l.dismissed_at is null as "isOpen"
        from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as mine (job_id, ms)
        join dead_letters l on l.job_id = mine.job_id
         and l.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
       where l.owner = ${owner}`,
  )
  return new Map(rows.map(row => [nameOf(row), row]))
}

/** The replays that this key has already brought about. Served by the primary key. */
async function readKeys(
  tx: Db,
  replays: readonly Replay[],
  requestKey: string,
): Promise<Map<string, Instant>> {
  const { jobs, fireTimes } = keyColumns(replays)
  const { rows } = await tx.query<NamedRow & { as: Instant }>(prepared('read-replay-keys')`
    select k.job_id as "jobUuid", k.replay_of as "scheduledAt", k.scheduled_at as "as"
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as mine (job_id, ms)
      join replay_keys k on k.job_id = mine.job_id
       and k.replay_of = to_timestamp(mine.ms / 1000)::timestamptz(3)
       and k.request_key = ${requestKey}`)
  return new Map(rows.map(row => [nameOf(row), row.as]))
}

/**
 * Answers free fire times from now on, each only once. Served by the primary keys of the partitions,
 * from now on.
 */
async function openPlaces(
  tx: Db,
  jobs: ReadonlyMap<JobId, LockedJob>,
): Promise<(jobId: JobId) => Instant> {
  const now = await readNow(tx)
  const { rows } = await tx.query<NamedRow>(prepared('taken-places')`
    select job_id as "jobUuid", scheduled_at as "scheduledAt"
      from runs
     where job_id = any(${[...jobs.keys()].map(uuidOf)}::uuid[])
       and scheduled_at >= to_timestamp(${now}::float8 / 1000)::timestamptz(3)`)
  const taken = new Set(rows.map(nameOf))
  return jobId => {
    const recurrence = jobs.get(jobId)?.recurrence ?? null
    let at = now
    while (taken.has(runIdOf({ jobId, scheduledAt: at })) || isOnGrid(recurrence, at))
      at = instant(at + 1)
    taken.add(runIdOf({ jobId, scheduledAt: at }))
    return at
  }
}

function isOnGrid(recurrence: Recurrence | null, at: Instant): boolean {
  return recurrence !== null && nextFireOf(recurrence, instant(at - 1)) === at
}

interface Wanted extends RunKey {
  readonly at: Instant
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * The new runs, the marks on the old ones and the key, in one statement. Keys of a letter that are
 * older than two days go: nobody asks again that late. Served by primary keys.
 */
async function insertReplays(
  tx: Db,
  wanted: readonly Wanted[],
  requestedBy: UserId,
  requestKey: string | null,
): Promise<void> {
  const { jobs, fireTimes } = keyColumns(wanted)
  await tx.query(prepared('replay')`
    with replay as materialized (
      select job_id, to_timestamp(ms / 1000)::timestamptz(3) as replay_of,
             to_timestamp(at_ms / 1000)::timestamptz(3) as at, payload
        from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${wanted.map(w => w.at)}::float8[],
                    ${wanted.map(w => JSON.stringify(w.payload))}::jsonb[])
          as replay (job_id, ms, at_ms, payload)),
    marked as (
      update runs_done q
         set replayed_at = replay.at
        from replay
       where q.job_id = replay.job_id and q.scheduled_at = replay.replay_of and q.done),
    forgotten as (
      delete from replay_keys k
       using replay
       where k.job_id = replay.job_id and k.replay_of = replay.replay_of
         and k.created_at < now() - interval '2 days'),
    keyed as (
      insert into replay_keys (job_id, replay_of, request_key, scheduled_at)
      select job_id, replay_of, ${requestKey}::text, at
        from replay
       where ${requestKey}::text is not null)
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, job_version, max_attempts,
                           priority, recurring, status, reason, owner, replay_of, requested_by,
                           payload)
    select d.job_id, replay.at, replay.at, replay.at, d.version, d.max_attempts, d.priority,
           d.job_type = 'RECURRING', 'PENDING', 'REPLAY', d.created_by, replay.replay_of,
           ${requestedBy}, replay.payload
      from replay
      join job_definitions d on d.job_id = replay.job_id`)
}

interface NamedRow {
  readonly jobUuid: string
  readonly scheduledAt: Instant
}

function nameOf({ jobUuid, scheduledAt }: NamedRow): string {
  return runIdOf({ jobId: jobIdOf(jobUuid), scheduledAt })
}
