import { formatInstant, type Instant, priorities } from '@cronos/domain'
import type { Connection, Db } from '../db.ts'
import { prepared } from '../sql.ts'

const CHANNEL = 'cronos_runs'

/**
 * How long until a scheduler must look at the queue again.
 * Served by `runs_live_wake`: the first entry of each priority.
 *
 * @param takeOver whether leases of running attempts count too
 * @param from nothing before it is looked at; null for the beginning
 * @returns milliseconds, 0 when something is due now, null when nothing waits; and the database's
 *   clock
 */
export async function readNextWake(
  db: Db,
  { takeOver, from = null }: { takeOver: boolean; from?: Instant | null },
): Promise<{ readonly inMs: number | null; readonly now: Instant }> {
  const { rows } = await db.query<{ inMs: number | null; now: Instant }>(prepared('next-wake')`
    select extract(epoch from min(first.wake_at) - clock_timestamp())::float8 * 1000 as "inMs",
           now() as now
      from unnest(${LEVELS}::smallint[]) as level (priority),
           lateral (select q.wake_at from runs_live q
                     where q.priority = level.priority
                       and q.wake_at >= ${from === null ? '-infinity' : formatInstant(from)}::timestamptz
                       and (q.status <> 'RUNNING' or ${takeOver}::boolean)
                     order by q.wake_at
                     limit 1) first`)
  const { inMs, now } = rows[0]!
  return { inMs: inMs === null ? null : Math.max(0, inMs), now }
}

const LEVELS = priorities.map((_, level) => level)

/** Tells the schedulers that a run is due in `inMs` milliseconds. A hint: losing it costs time only. */
export async function tellWake(db: Db, inMs: number): Promise<void> {
  await db.query(prepared('tell-wake')`select pg_notify(${CHANNEL}, ${String(Math.ceil(inMs))})`)
}

/** Calls `woken` with the milliseconds until a run is due, each time that somebody tells. */
export async function listenForWakes(
  connection: Connection,
  woken: (inMs: number) => void,
): Promise<void> {
  await connection.listen(CHANNEL, payload => woken(Math.max(0, Number(payload) || 0)))
}
