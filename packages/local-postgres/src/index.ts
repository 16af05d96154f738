export { LocalPostgresError } from './failure.ts'
export type { Log } from './log.ts'
export { type LocalPostgresOptions, type StartedPostgres, startLocalPostgres } from './postgres.ts'
