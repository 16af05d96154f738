import pg from 'pg'
import { isTransient } from './faults.ts'
import type { Statement } from './sql.ts'

/** A pool or a transaction: whoever calls decides what belongs together. */
export interface Db {
  query<Row extends object>(statement: Statement): Promise<Result<Row>>
}

export interface Result<Row> {
  readonly rows: Row[]
  /** How many rows the statement returned or changed. */
  readonly rowCount: number
}

/** A pool of connections to one database. */
export interface Pool extends Db, AsyncDisposable {
  /**
   * Runs `work` in one transaction on one connection. A deadlock or a serialization failure is
   * tried once more as a whole, so `work` must do nothing that only a database can undo.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>
  /** A connection of its own, for LISTEN or a session lock. Disposing of it closes it. */
  connect(): Promise<Connection>
}

export interface Connection extends Db, AsyncDisposable {
  /** Calls `heard` with each notification's payload on `channel`. */
  listen(channel: string, heard: (payload: string) => void): Promise<void>
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
}

export interface PoolOptions {
  /** `postgres://host:port/name` or `jdbc:postgresql://host:port/name`. */
  readonly url: string
  readonly user: string
  readonly password: string
  /** How the connections name themselves in `pg_stat_activity`. */
  readonly name: string
  readonly max: number
  /**
   * `engine` keeps plans independent of statistics (nested loops over the indexes that the
   * statements name); `general` leaves the planner its choice, for lists and reports.
   */
  readonly plans: 'engine' | 'general'
  /**
   * Statements and waits for locks end after this, 5 s by default: shorter than any lease.
   * Connecting, and waiting for a free connection, never take longer than 5 s.
   */
  readonly timeoutMs?: number
  /** Is told of a connection that broke while nobody used it; the pool replaces it. */
  readonly onIdleError?: (error: Error) => void
}

// An int8 is a count or a fence here and stays far below 2^53; an instant is a number of ms.
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.INT8, Number)
const parseTimestamp = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text')
types.setTypeParser(
  pg.types.builtins.TIMESTAMPTZ,
  text => parseUtc(text) ?? Number(parseTimestamp(text)),
)

/**
 * Every run that is read carries some instants, so the form that almost all have is read without a
 * detour: `2026-11-23 20:44:00.123456+00`, as a session in UTC writes it. Cut to milliseconds.
 *
 * @returns null for any other form
 */
function parseUtc(text: string): number | null {
  if (text.charCodeAt(4) !== DASH || !text.endsWith('+00')) return null
  if (text.startsWith('00')) return null // `Date.UTC` takes such a year for one of the twentieth century
  const number = (from: number, to: number) => {
    let value = 0
    for (let at = from; at < to; at++) value = value * 10 + text.charCodeAt(at) - ZERO
    return value
  }
  const fraction = text.slice(20, -3).slice(0, 3).padEnd(3, '0')
  return (
    Date.UTC(number(0, 4), number(5, 7) - 1, number(8, 10), number(11, 13), number(14, 16)) +
    number(17, 19) * 1_000 +
    Number(fraction)
  )
}

const DASH = '-'.charCodeAt(0)
const ZERO = '0'.charCodeAt(0)

const CONNECT_TIMEOUT_MS = 5_000

/** Nested loops over the indexes that the statements name, in their order, whatever the statistics. */
const ENGINE_PLANS = [
  '-c plan_cache_mode=force_generic_plan',
  ...['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin'].map(way => `-c enable_${way}=off`),
].join(' ')

/** Opens a pool. Connections are made when they are first needed, so the database may be away. */
export function openPool(options: PoolOptions): Pool {
  const { timeoutMs = 5_000 } = options
  const config: pg.PoolConfig = {
    connectionString: withCredentials(options),
    application_name: options.name,
    max: options.max,
    connectionTimeoutMillis: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    idleTimeoutMillis: 0,
    keepAlive: true,
    query_timeout: timeoutMs * 2, // the server's own timeout comes first, unless it is cut off
    types,
    options: [
      '-c timezone=UTC',
      `-c statement_timeout=${timeoutMs}`,
      `-c lock_timeout=${timeoutMs}`,
      `-c idle_in_transaction_session_timeout=${timeoutMs * 2}`,
      ...(options.plans === 'engine' ? [ENGINE_PLANS] : []),
    ].join(' '),
  }
  const pool = new pg.Pool(config)
  // A client emits `error` when its connection breaks, checked out or not; unheard it would end
  // the process. Whoever awaits a query on it gets the rejection, so nothing is lost here.
  pool.on('connect', client => client.on('error', () => {}))
  pool.on('error', error => options.onIdleError?.(error))
  let ended: Promise<void> | undefined

  return {
    query: statement => run(pool, statement),
    transaction: work => retryOnce(() => transact(pool, work)),
    connect: () => connectAlone(config),
    [Symbol.asyncDispose]: () => {
      ended ??= pool.end()
      return ended
    },
  }
}

/** `pg` takes user and password from the address whenever it is given one, even if it has none. */
function withCredentials({ url, user, password }: PoolOptions): string {
  const address = new URL(url.replace(/^jdbc:postgresql:/, 'postgres:'))
  address.username = encodeURIComponent(user)
  address.password = encodeURIComponent(password)
  return address.href
}

async function run<Row extends object>(
  client: Pick<pg.ClientBase, 'query'>,
  statement: Statement,
): Promise<Result<Row>> {
  const { rows, rowCount } = await client.query<Row>(statement)
  return { rows, rowCount: rowCount ?? 0 }
}

async function transact<T>(pool: pg.Pool, work: (tx: Db) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work({ query: statement => run(client, statement) })
    await client.query('commit')
    return result
  } catch (error) {
    try {
      await client.query('rollback')
    } catch (cause) {
      broken = cause as Error // the connection is gone, and with it the transaction
    }
    throw error
  } finally {
    client.release(broken)
  }
}

/** SQLSTATE classes of a transaction that lost against another and may win the next time. */
const CONTENTION = new Set(['40001', '40P01'])

async function retryOnce<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && CONTENTION.has(error.code ?? ''))) throw error
    return await attempt()
  }
}

async function connectAlone(config: pg.PoolConfig): Promise<Connection> {
  const client = new pg.Client(config)
  const closed = new Promise<void>(resolve => client.on('end', () => resolve()))
  client.on('error', () => {}) // `closed` tells; a query under way rejects by itself
  await client.connect()
  return {
    closed,
    query: statement => run(client, statement),
    async listen(channel, heard) {
      client.on('notification', message => {
        if (message.channel === channel) heard(message.payload ?? '')
      })
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
    },
    [Symbol.asyncDispose]: async () => {
      await client.end().catch((error: unknown) => {
        if (!isTransient(error)) throw error
      })
    },
  }
}
