export {
  type Connection,
  type Db,
  openPool,
  type Pool,
  type PoolOptions,
  type Result,
} from './db.ts'
export { hasCode, isTransient, isUniqueViolation } from './faults.ts'
export { type Address, type Database, migrate } from './migrate.ts'
export { prepared, type Statement, sql } from './sql.ts'
