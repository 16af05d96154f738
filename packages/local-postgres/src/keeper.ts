import { setTimeout as rest } from 'node:timers/promises'
import { type Connection, hasCode, isTransient, openPool, sql } from '@cronos/store'
import { USER } from './cluster.ts'
import { LocalPostgresError } from './failure.ts'

/** The lock of the one Cronos that looks after this PostgreSQL. */
const KEEPER_LOCK = 0x4b_45_45_50 // "KEEP"

/** Names the process that holds the lock, for the message to the second one. */
const KEEPER_NAME = 'cronos-keeper-'

/** A lock whose holder was killed is free as soon as PostgreSQL has noticed. */
const NOTICE_MS = 1_000

/**
 * Takes charge of a running PostgreSQL: answers a connection that holds its lock, which ends with
 * this process, however it ends.
 *
 * @returns null when PostgreSQL does not answer just now
 * @throws {LocalPostgresError} when another Cronos is in charge, or it is not the one we made
 */
export async function takeCharge(
  folder: string,
  url: string,
  password: string,
): Promise<Connection | null> {
  const name = `${KEEPER_NAME}${process.pid}`
  await using pool = openPool({
    url: new URL('postgres', url).href,
    user: USER,
    password,
    name,
    max: 1,
    plans: 'general',
  })
  let connection: Connection | undefined
  try {
    connection = await pool.connect()
    await lock(connection, folder)
    return connection
  } catch (error) {
    await connection?.[Symbol.asyncDispose]()
    if (isTransient(error)) return null
    if (hasCode(error, '28P01'))
      throw new LocalPostgresError(`the password kept in ${folder} is not PostgreSQL's`)
    throw error
  }
}

async function lock(connection: Connection, folder: string): Promise<void> {
  for (const since = performance.now(); ; await rest(50)) {
    const { rows } = await connection.query<{ mine: boolean }>(
      sql`select pg_try_advisory_lock(${KEEPER_LOCK}::bigint) as mine`,
    )
    if (rows[0]?.mine) return
    if (performance.now() - since > NOTICE_MS) break
  }
  const { rows } = await connection.query<{ holder: string }>(sql`
    select activity.application_name as holder
      from pg_locks held
      join pg_stat_activity activity using (pid)
     where held.locktype = 'advisory'
       and held.granted
       and held.objid = ${KEEPER_LOCK}::bigint
       and activity.application_name like ${`${KEEPER_NAME}%`}`)
  const pid = rows[0]?.holder.slice(KEEPER_NAME.length) ?? 'unknown'
  throw new DataFolderInUse(`the data folder ${folder} is in use by another Cronos (pid ${pid})`)
}

/** Another Cronos is in charge: its PostgreSQL is not ours to stop. */
export class DataFolderInUse extends LocalPostgresError {}
