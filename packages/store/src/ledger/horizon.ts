import type { Instant } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * Where the ledger begins: before it, what settled a fire time may have been deleted. Minus infinity
 * while nothing ever was.
 */
export async function readHorizon(db: Db): Promise<Instant> {
  const { rows } = await db.query<{ horizon: Instant }>(sql`select horizon from ledger_horizon`)
  return rows[0]!.horizon
}

/**
 * Moves the horizon on, never back. Whoever deletes finished runs or skipped fire times does this
 * first, in the same transaction or an earlier one: else the ledger tells of gaps.
 *
 * @param to no fire time from here on is deleted
 */
export async function moveHorizon(db: Db, to: Instant): Promise<void> {
  await db.query(sql`
    update ledger_horizon set horizon = greatest(horizon, to_timestamp(${to}::float8 / 1000))`)
}
