/** The process that owns a test PostgreSQL. */

import { join } from 'node:path'
import { startLocalPostgres } from '@cronos/local-postgres'
import { guard } from './guarded.ts'

export interface PostgresOptions {
  /** Whether commits are forced to the disk. */
  readonly durable: boolean
}

await guard<PostgresOptions>(async ({ durable }, folder) => {
  const postgres = await startLocalPostgres({
    dataDir: join(folder, 'postgres'),
    durable,
    settings: { max_connections: '400' }, // many test files at once, each with its pools
    log: { info: () => {}, warn: (message: string) => console.error(message) },
  })
  const { url, user, password } = postgres
  return {
    address: { url, user, password },
    done: postgres.done,
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  }
})
