import { startLocalPostgres } from '@cronos/local-postgres'
import { type DatabaseConfig, type Logger, Secret } from '@cronos/runtime'
import type { CronosConfig } from './config.ts'

/** The two databases of Cronos. Disposing of them stops the server, where it is our own. */
export interface Databases extends AsyncDisposable {
  readonly users: DatabaseConfig
  readonly jobs: DatabaseConfig
  /** Rejects when our own server is down for good. */
  readonly done: Promise<void>
}

/**
 * Answers where the configured databases are, or starts a PostgreSQL of our own.
 *
 * @param folder where our own keeps its data
 */
export async function openDatabases(
  { databases, names }: CronosConfig,
  folder: string,
  log: Logger,
): Promise<Databases> {
  if (databases !== null) {
    const { promise, resolve } = Promise.withResolvers<void>()
    return { ...databases, done: promise, [Symbol.asyncDispose]: async () => resolve() }
  }
  const postgres = await startLocalPostgres({ dataDir: folder, log: toLog(log) })
  const { url, user } = postgres
  const password = new Secret(postgres.password)
  return {
    users: { url, user, password, name: names.users },
    jobs: { url, user, password, name: names.jobs },
    done: postgres.done,
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  }
}

function toLog(log: Logger) {
  return {
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
  }
}
