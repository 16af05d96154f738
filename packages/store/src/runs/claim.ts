import {
  type Fence,
  formatInstant,
  type Instant,
  instant,
  type JobId,
  type JobPolicies,
  type JobType,
  priorities,
  type RunKey,
  type RunReason,
  type StoredRecurrence,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql, sqlPart } from '../sql.ts'

/** A run whose `wake_at` had passed, and is now this scheduler's to publish, settle or recover. */
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
  /** Whether it was claimed for the first time: then what follows it is not planned yet. */
  readonly isFirst: boolean
  readonly lost: number
  /** Of the attempt that was lost. */
  readonly executor: string | null
  readonly startedAt: Instant | null
  /** Whether somebody had asked to cancel the attempt that was lost. */
  readonly isCancelled: boolean
  /** Not started by then: expired. Null for never, and once it has started. */
  readonly expiresAt: Instant | null
  /** A fire of a one-time job that is late, and whose job wants to be skipped then. */
  readonly isSkipped: boolean
  /** W3C trace context of the request that asked for the run; null where there was none. */
  readonly traceparent: string | null
  /** Only of a recurring job's fire that has not started, and of a lost attempt: else null. */
  readonly job: ClaimedJob | null
  /** Its priority: 0 is the most urgent. */
  readonly level: number
  /** When it was due to be claimed. */
  readonly wakeAt: Instant
  /** The database's clock, at which the claim was made. */
  readonly now: Instant
}

/** What a claimed run is judged by. */
export interface ClaimedJob
  extends StoredRecurrence,
    Pick<
      JobPolicies,
      | 'backoff'
      | 'backoffBaseMs'
      | 'backoffCapMs'
      | 'backoffJitter'
      | 'overlap'
      | 'misfire'
      | 'catchUpLimit'
      | 'expireAfterMs'
      | 'spreadMs'
      | 'onLost'
      | 'pauseAfterFailures'
    > {
  readonly jobType: JobType
  /** Whether another run of the job stands in the way of this one. */
  readonly underWay: boolean
  /** When that other run is looked at again; null where none is, or it is held. */
  readonly underWayUntil: Instant | null
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
  /** A fire that is served later than this has misfired, in milliseconds; a minute unless told. */
  readonly misfireAfterMs?: number
  /** How much each owner may get; null where all are alike. */
  readonly shares?: Shares | null
  /**
   * Where the scan begins, because nothing is left before it; null or left out for the beginning.
   * What was claimed lies there as long as PostgreSQL may not clean up behind it, and each claim
   * would pass by it.
   */
  readonly from?: Instant | null
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
 * caller's transaction, which also judges them by their jobs' policies: what is not to be
 * dispatched yet, or at all, leaves that state before anybody sees it.
 *
 * The definition of a recurring job is locked for share while its fire is judged, and that of a lost
 * attempt too; where somebody is changing it the run is left as it is.
 *
 * Served by `runs_live_wake`, one scan for each priority: ordered by priority over one range, each
 * claim would walk all future runs. What else it reads it finds by primary keys.
 */
export async function claimRuns(tx: Db, options: ClaimOptions): Promise<Claimed[]> {
  const { limit, dispatchLeaseMs, takeOver, shares = null } = options
  const from = Math.max(options.from ?? 0, shares?.from ?? 0)
  const { misfireAfterMs = 60_000 } = options
  const passedOver = [...(shares?.left ?? [])].filter(([, runs]) => runs <= 0)
  const { rows } = await tx.query<ClaimedRow>({
    name: shares === null ? 'claim' : 'claim-shares',
    ...sql`
    with clock as materialized (
      select now() as now, floor(date_part('epoch', now()) * 1000) as ms),
    due as materialized (
      select run.*
        from unnest(${LEVELS}::smallint[]) as level (priority),
             lateral (
               select place.*, row_number() over () as place_in_level
                 from (
                   select q.ctid as place, q.job_id, q.scheduled_at, q.status as was, q.priority,
                          q.wake_at, q.owner,
                          q.status = 'RUNNING'
                            or q.recurring and q.attempt = 0 and q.status = 'PENDING'
                               and q.reason in ('FIRE', 'CATCH_UP') as is_judged,
                          not q.recurring and q.attempt = 0 and q.reason = 'FIRE'
                            and q.due_at < now() - interval '1 millisecond' * ${misfireAfterMs}::float8
                            as is_late
                     from runs_live q
                    where q.priority = level.priority
                      and q.wake_at <= now()
                      and q.wake_at >= ${from > 0 ? formatInstant(instant(from)) : '-infinity'}::timestamptz
                      and (q.status <> 'RUNNING' or ${takeOver}::boolean)
                      and (q.owner <> all(${passedOver.map(([owner]) => owner)}::text[])
                           or q.status <> 'PENDING')
                    order by q.wake_at
                    limit ${limit}::int
                      for update skip locked) place) run),
    chosen as materialized (
      select due.* from ${shares === null ? sqlPart`due` : withinShares(shares)}
       order by due.place_in_level > ${limit}::int * (${RESERVED_SHARE}::float8[])[due.priority + 1],
                due.priority, due.place_in_level
       limit ${limit}::int),
    picked as (
      select chosen.*, null::jsonb as job, false as is_skipped
        from chosen where not (is_judged or is_late)
      union all
      select chosen.*, job.columns, coalesce(skipped.yes, false)
        from chosen
        left join lateral (
          select jsonb_build_object(
                   'jobType', d.job_type, 'cronExpression', d.cron_expression,
                   'timeZone', d.time_zone, 'dstGap', d.dst_gap, 'dstOverlap', d.dst_overlap,
                   'everyMs', d.every_ms,
                   'anchorAt', (extract(epoch from d.anchor_at) * 1000)::bigint,
                   'startAt', (extract(epoch from d.start_at) * 1000)::bigint,
                   'endAt', (extract(epoch from d.end_at) * 1000)::bigint,
                   'backoff', d.backoff, 'backoffBaseMs', d.backoff_base_ms,
                   'backoffCapMs', d.backoff_cap_ms, 'backoffJitter', d.backoff_jitter,
                   'overlap', d.overlap, 'misfire', d.misfire, 'catchUpLimit', d.catch_up_limit,
                   'expireAfterMs', d.expire_after_ms, 'spreadMs', d.spread_ms,
                   'onLost', d.on_lost, 'pauseAfterFailures', d.pause_after_failures,
                   'underWay', other.count > 0,
                   'underWayUntil', (extract(epoch from other.wake_at) * 1000)::bigint) as columns
            from (select * from job_definitions d
                   where chosen.is_judged and d.job_id = chosen.job_id
                     for share skip locked) d,
                 lateral (
                   select count(*) as count, min(o.wake_at) as wake_at
                     from runs_live o
                    where chosen.was = 'PENDING'
                      and o.job_id = chosen.job_id
                      and o.scheduled_at <> chosen.scheduled_at
                      and o.hold is distinct from 'PAUSED'
                      and (o.scheduled_at < chosen.scheduled_at
                           or o.status <> 'PENDING' or o.attempt > 0)) other) job on true
        left join lateral (
          select true as yes from job_definitions d
           where chosen.is_late and d.job_id = chosen.job_id and d.misfire = 'skip') skipped on true
       where chosen.is_judged or chosen.is_late)
    update runs_live q
       set status = case when picked.was = 'RUNNING' then q.status else 'DISPATCHED' end,
           fence = q.fence + 1,
           dispatches = q.dispatches + 1,
           lost = q.lost + (picked.was = 'RUNNING')::int,
           -- Whoever takes over a lost attempt has not claimed it.
           claimed_at = case when picked.was = 'RUNNING' then q.claimed_at else clock.now end,
           wake_at = clock.now + interval '1 millisecond' * least(
             ${LONGEST_DISPATCH_LEASE_MS}::float8,
             ${dispatchLeaseMs}::float8 * 2 ^ least(q.dispatches, 10))
      from picked, clock
     where q.ctid = picked.place
       and (not picked.is_judged or picked.job is not null)
    returning 'job_' || q.job_id as "jobId",
              round(date_part('epoch', q.scheduled_at) * 1000) as "scheduledAt", q.owner, q.fence,
              q.attempt, q.max_attempts as "maxAttempts", q.reason, q.lost, q.executor,
              q.started_at as "startedAt", picked.was, picked.job, q.dispatches = 1 as "isFirst",
              q.cancel_at is not null as "isCancelled", picked.is_skipped as "isSkipped",
              case when q.attempt = 0 then q.expires_at end as "expiresAt", clock.ms as now,
              q.traceparent, q.priority as level, floor(date_part('epoch', picked.wake_at) * 1000) as "wakeAt",
              picked.place_in_level::int as place`,
  })
  return rows.sort(inOrder)
}

/** Of each owner no more than is left to him. */
function withinShares({ each, left }: Shares): object {
  return sqlPart`(
        select due.*, row_number() over (partition by due.owner order by due.priority, due.wake_at)
                        as place_of_owner
          from due) due
        left join unnest(${[...left.keys()]}::text[], ${[...left.values()]}::int[])
                    as share (owner, runs)
          on share.owner = due.owner
       where due.was <> 'PENDING' or due.place_of_owner <= coalesce(share.runs, ${each}::int)`
}

const LEVELS = priorities.map((_, level) => level)

interface ClaimedRow extends Claimed {
  /** Among those of its level. */
  readonly place: number
}

/** The most urgent first, those that wait longest before others. */
function inOrder(a: ClaimedRow, b: ClaimedRow): number {
  return a.level - b.level || a.place - b.place
}
