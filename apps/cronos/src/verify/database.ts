import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findLocalPostgres, startLocalPostgres } from '@cronos/local-postgres'
import {
  databaseAddress,
  databaseSettings,
  databaseUrl,
  leaseSettings,
  loadConfig,
  optional,
  readSources,
  setting,
  text,
} from '@cronos/runtime'
import type { Address } from '@cronos/store'
import { StartError } from '../start-error.ts'

/** Where the jobs are. Disposing of it stops the PostgreSQL that was started to read them. */
export interface JobsDatabase extends AsyncDisposable {
  readonly address: Address
  /** Of executions. */
  readonly leaseMs: number
}

const keys = {
  given: optional('configs.jobDb.url', databaseUrl, { meaning: 'The server of the jobs' }),
  name: setting('configs.jobDb.name', text, {
    default: 'jobs',
    meaning: 'The database of the jobs',
  }),
  leaseMs: leaseSettings.leaseMs,
}

/**
 * Opens the configured database of jobs, or the one of the all-in-one process: the one that runs
 * where Cronos does, or else its PostgreSQL is started for the time being.
 *
 * @throws {StartError} when there is nothing to read
 */
export async function openJobsDatabase(env: NodeJS.ProcessEnv): Promise<JobsDatabase> {
  const sources = readSources(env)
  const { given, name, leaseMs } = loadConfig(keys, sources)
  const nothing = async () => {}
  if (given !== undefined) {
    const { jobDb } = loadConfig({ jobDb: databaseSettings('jobDb', 'jobs') }, sources)
    return { address: databaseAddress(jobDb), leaseMs, [Symbol.asyncDispose]: nothing }
  }
  const folder = resolve(env['CRONOS_DATA'] || '.cronos')
  const dataDir = join(folder, 'postgres')
  const running = await findLocalPostgres(dataDir)
  const at = (server: Address) => ({ ...server, url: new URL(name, server.url).href })
  if (running !== null) return { address: at(running), leaseMs, [Symbol.asyncDispose]: nothing }
  if (!(await exists(dataDir)))
    throw new StartError(
      `there are no jobs in the data folder ${folder}; CRONOS_DATA names another`,
    )
  const started = await startLocalPostgres({ dataDir, log: { info() {}, warn: console.error } })
  const { url, user, password } = started
  return {
    address: at({ url, user, password }),
    leaseMs,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
