import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { urlOf } from './bring-up.ts'
import { USER } from './cluster.ts'
import type { StartedPostgres } from './postgres.ts'
import { findPostmaster } from './postmaster.ts'

/**
 * Finds the PostgreSQL that runs on `dataDir`, whoever looks after it: for who only wants to read.
 *
 * @returns null when there is none, or it does not take connections now
 */
export async function findLocalPostgres(
  dataDir: string,
): Promise<Pick<StartedPostgres, 'url' | 'user' | 'password'> | null> {
  const folder = await realpath(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (folder === null) return null
  const running = await findPostmaster(join(folder, 'data'))
  if (running === null || !running.ready) return null
  const password = await readFile(join(folder, 'password'), 'utf8')
  return { url: urlOf(running.port), user: USER, password }
}
