export { LocalPostgresError } from './failure.ts'
export { findLocalPostgres } from './find.ts'
export type { Log } from './log.ts'
export { type LocalPostgresOptions, type StartedPostgres, startLocalPostgres } from './postgres.ts'
