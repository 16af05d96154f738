import {
  fairReserve,
  fairShare,
  formatInstant,
  type Instant,
  type LoadFacts,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { hasSeveralOwners } from '../runs/capacity.ts'
import { sql } from '../sql.ts'

/** An executor that was not heard of for so long is taken for gone, in milliseconds. */
export const ALIVE_MS = 15_000

/** Due runs that are counted; of more it is enough to know that there are so many. */
const MAX_AHEAD = 10_000

/**
 * How busy everything is, for a run of this owner that could begin: figures only, nothing of whose
 * the other runs are. Served by `runs_live_wake`, and scans of `executors`.
 *
 * @param run of which priority, and since when due, what comes before it is told by
 */
export async function readLoad(
  db: Db,
  run: {
    readonly owner: UserId
    readonly task: string
    readonly priority: number
    readonly wakeAt: Instant
    /** Else it is on its way already, and nothing is ahead of it. */
    readonly isWaiting: boolean
    /** Runs that one owner may have under way at most; `Infinity` for no bound. */
    readonly runningPerOwner: number
  },
): Promise<LoadFacts> {
  const { rows } = await db.query<
    Omit<LoadFacts, 'owners' | 'share'> & { readonly inFlight: Record<string, number> }
  >(sql`
    select alive.*, leased.*, ahead.*
      from (select count(*) as executors,
                   count(*) filter (where lower(${run.task}::text) = any(e.tasks)) as knowing,
                   coalesce(sum(e.slots), 0) as slots
              from executors e
             where e.seen_at > now() - interval '1 millisecond' * ${ALIVE_MS}::float8) alive,
           (select coalesce(sum(o.dispatched), 0)::int as dispatched,
                   coalesce(sum(o.running), 0)::int as running,
                   coalesce(jsonb_object_agg(o.owner, o.dispatched + o.running), '{}')
                     as "inFlight"
              from (select q.owner, count(*) filter (where q.status = 'DISPATCHED') as dispatched,
                           count(*) filter (where q.status = 'RUNNING') as running
                      from runs_live q
                     where q.wake_at > now() and q.wake_at <= now() + interval '1 hour'
                       and q.status <> 'PENDING'
                     group by q.owner) o) leased,
           (select count(*) as ahead
              from (select from runs_live q
                     where q.priority <= ${run.priority}::smallint and q.status <> 'RUNNING'
                       and q.wake_at <= now()
                       and (q.priority < ${run.priority}::smallint
                            or q.wake_at < ${formatInstant(run.wakeAt)}::timestamptz)
                       and ${run.isWaiting}::boolean
                     limit ${MAX_AHEAD}::int) q) ahead`)
  const { inFlight, ...load } = rows[0]!
  const owners = inFlight[run.owner] ?? 0
  const { slots } = load
  const several = (await hasSeveralOwners(db)) ? fairShareOf(slots, inFlight) : Infinity
  const share = Math.min(several, run.runningPerOwner)
  return { ...load, owners, share: Number.isFinite(share) ? share : null }
}

/** As the schedulers reckon it. */
function fairShareOf(slots: number, inFlight: Readonly<Record<string, number>>): number {
  const reserve = fairReserve(slots, slots)
  return fairShare({
    ...{ total: slots, reserve, limit: Infinity },
    inFlight: new Map(Object.entries(inFlight)),
  })
}
