import {
  type DstPolicy,
  type Fence,
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  priorities,
  type RunKey,
  type RunReason,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** A run whose `wake_at` had passed, and is now this scheduler's to publish or to recover. */
export interface Claimed extends RunKey {
  readonly jobId: JobId
  readonly owner: UserId
  readonly fence: Fence
  /** Attempts that were started so far. */
  readonly attempt: number
  readonly maxAttempts: number
  /** PENDING: due. DISPATCHED: its event was lost. RUNNING: its executor was. */
  readonly was: 'PENDING' | 'DISPATCHED' | 'RUNNING'
  readonly reason: RunReason
  readonly lost: number
  /** Of the attempt that was lost. */
  readonly executor: string | null
  readonly startedAt: Instant | null
  /** What the next fire is computed from: only at the first dispatch of a recurring job's fire. */
  readonly cronExpression: string | null
  readonly timeZone: string | null
  readonly dstGap: DstPolicy['gap'] | null
  readonly dstOverlap: DstPolicy['overlap'] | null
  /** The database's clock, at which the claim was made. */
  readonly now: Instant
}

export interface ClaimOptions {
  /** How many runs at most. */
  readonly limit: number
  /** How long a first dispatch is trusted, in milliseconds; doubled with each lost one. */
  readonly dispatchLeaseMs: number
  /**
   * Whether runs of executors whose lease has ended are taken too. A scheduler that was itself
   * away leaves them for a moment, so that executors which were cut off with it can report.
   */
  readonly takeOver: boolean
  /** How much each owner may get; null where all are alike. */
  readonly shares?: Shares | null
}

/** What keeps the runs of one owner from being all that is claimed. */
export interface Shares {
  /** First claims that an owner may get who is not named in `left`. */
  readonly each: number
  /** What others may still get; owners with 0 are passed over. */
  readonly left: ReadonlyMap<string, number>
  /**
   * Where the scan begins, because everything before it is of owners who are passed over; null for
   * the beginning.
   */
  readonly from: Instant | null
}

/** No dispatch lease grows longer, in milliseconds. */
const LONGEST_DISPATCH_LEASE_MS = 60_000

/** The part of a claim that is kept for each priority, so that none starves. */
const RESERVED_SHARE = [0.4, 0.2, 0.1, 0.05] as const

/**
 * Takes the runs whose `wake_at` has passed: those due become DISPATCHED with a higher fence and a
 * lease, those whose executor vanished get a higher fence and are for `recoverLost`. Runs in the
 * caller's transaction, which also inserts the next fires.
 *
 * A recurring job's definition is locked for share when its fire is first claimed; where somebody
 * is changing it the run is left as it is.
 *
 * Served by `runs_live_wake`, one scan for each priority: ordered by priority over one range, each
 * claim would walk all future runs.
 */
export async function claimRuns(tx: Db, options: ClaimOptions): Promise<Claimed[]> {
  const { limit, dispatchLeaseMs, takeOver, shares = null } = options
  const { each, names, left, passedOver, from } = columnsOf(shares)
  const { rows } = await tx.query<ClaimedRow>(prepared('claim')`
    with due as materialized (
      select run.*
        from unnest(${LEVELS}::smallint[]) as level (priority),
             lateral (
               select q.ctid as place, q.job_id, q.status as was, q.priority, q.wake_at, q.owner,
                      q.recurring and q.reason = 'FIRE' and q.attempt = 0 and q.dispatches = 0
                        as first_fire
                 from runs_live q
                where q.priority = level.priority
                  and q.wake_at <= now()
                  and q.wake_at >= coalesce(${from}::timestamptz, '-infinity')
                  and (q.status <> 'RUNNING' or ${takeOver}::boolean)
                  and (q.owner <> all(${passedOver}::text[]) or q.status <> 'PENDING')
                order by q.wake_at
                limit ${limit}::int
                  for update skip locked) run),
    chosen as materialized (
      select due.*
        from (select due.*,
                     row_number() over (partition by due.priority order by due.wake_at)
                       as place_in_level,
                     row_number() over (partition by due.owner order by due.priority, due.wake_at)
                       as place_of_owner
                from due) due
        left join unnest(${names}::text[], ${left}::int[]) as share (owner, runs)
          on share.owner = due.owner
       where due.was <> 'PENDING' or due.place_of_owner <= coalesce(share.runs, ${each}::int)
       order by due.place_in_level > ${limit}::int * (${RESERVED_SHARE}::float8[])[due.priority + 1],
                due.priority, due.wake_at
       limit ${limit}::int),
    fire as materialized (
      select d.job_id, d.cron_expression, d.time_zone, d.dst_gap, d.dst_overlap
        from chosen
        join job_definitions d on d.job_id = chosen.job_id
       where chosen.first_fire
         for share of d skip locked),
    claimed as (
      update runs_live q
         set status = case when chosen.was = 'RUNNING' then q.status else 'DISPATCHED' end,
             fence = q.fence + 1,
             dispatches = q.dispatches + 1,
             lost = q.lost + (chosen.was = 'RUNNING')::int,
             claimed_at = now(),
             wake_at = now() + interval '1 millisecond' * least(
               ${LONGEST_DISPATCH_LEASE_MS}::float8,
               ${dispatchLeaseMs}::float8 * 2 ^ least(q.dispatches, 10))
        from chosen
       where q.ctid = chosen.place
         and (not chosen.first_fire or chosen.job_id in (select job_id from fire))
      returning q.job_id, q.scheduled_at, q.owner, q.fence, q.attempt, q.max_attempts, q.reason,
                q.lost,
                q.executor, q.started_at, chosen.was, chosen.first_fire, chosen.priority,
                chosen.wake_at)
    select claimed.job_id as "jobUuid", claimed.scheduled_at as "scheduledAt", claimed.owner,
           claimed.fence,
           claimed.attempt, claimed.max_attempts as "maxAttempts", claimed.reason, claimed.lost,
           claimed.executor, claimed.started_at as "startedAt", claimed.was,
           fire.cron_expression as "cronExpression", fire.time_zone as "timeZone",
           fire.dst_gap as "dstGap", fire.dst_overlap as "dstOverlap", now() as now
      from claimed
      left join fire on claimed.first_fire and fire.job_id = claimed.job_id
     order by claimed.priority, claimed.wake_at`)
  return rows.map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
}

/** More than any claim takes. */
const UNLIMITED = 2_147_483_647

function columnsOf(shares: Shares | null) {
  const left = [...(shares?.left ?? [])]
  return {
    each: shares?.each ?? UNLIMITED,
    names: left.map(([owner]) => owner),
    left: left.map(([, runs]) => runs),
    passedOver: left.filter(([, runs]) => runs <= 0).map(([owner]) => owner),
    from: shares?.from ? formatInstant(shares.from) : null,
  }
}

const LEVELS = priorities.map((_, level) => level)

type ClaimedRow = Omit<Claimed, 'jobId'> & { readonly jobUuid: string }
