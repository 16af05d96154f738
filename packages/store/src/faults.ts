import pg from 'pg'

/** Network errors of Node that say: the database is away, or the way to it is. */
const AWAY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/**
 * SQLSTATEs, by class or whole, of a fault that passes: connection trouble, rollback by contention,
 * too many connections or no space, operator intervention (restart, cancel), system errors, lock
 * not available.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING = ['08', '40', '53', '57', '58', '55P03', '25P03']

/** Messages of `pg` for a lost or late connection, which carry no code. */
const LOST =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed|Connection timeout)/i

/** Whether the database was away, and not the statement wrong: trying again may help. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof pg.DatabaseError)
    return PASSING.some(code => error.code?.startsWith(code) === true)
  if (error instanceof AggregateError) return error.errors.some(isTransient)
  const { code } = error as NodeJS.ErrnoException
  return (code !== undefined && AWAY.has(code)) || LOST.test(error.message)
}

/** Whether the statement broke the named unique constraint. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return (
    error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === constraint
  )
}

/** Whether PostgreSQL refused with this SQLSTATE. */
export function hasCode(error: unknown, sqlState: string): boolean {
  return error instanceof pg.DatabaseError && error.code === sqlState
}
