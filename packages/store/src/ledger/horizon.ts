import type { Instant } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * Where the ledger begins: before it, what settled a fire time may have been deleted. Minus infinity
 * while nothing ever was.
 */
export async function readHorizon(db: Db): Promise<Instant> {
  const { rows } = await db.query<{ horizon: Instant }>(sql`
    select horizon_at as horizon from ledger_horizon`)
  return rows[0]!.horizon
}
