export { LocalPostgresError } from './failure.ts'
export {
  type LocalPostgresOptions,
  type Log,
  type StartedPostgres,
  startLocalPostgres,
} from './postgres.ts'
