import { randomBytes } from 'node:crypto'
import { chmod, link, mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { StartError } from './start-error.ts'

/** Where the all-in-one process keeps everything that must outlive it. */
export interface DataFolder {
  readonly path: string
  /** Cronos' own PostgreSQL. */
  readonly postgres: string
  /** The secrets that were made at the first start. */
  readonly secrets: string
}

/**
 * Opens the data folder, and makes it and its secrets at the first start; nobody but its owner can
 * look into it.
 *
 * @throws {StartError} when it cannot be written
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  const secrets = join(path, 'secrets.properties')
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 })
    if (made !== undefined) await chmod(path, 0o700) // whatever the umask
    await writeOnce(secrets, makeSecrets())
  } catch (error) {
    throw new StartError(whyUnusable(path, error as NodeJS.ErrnoException), { cause: error })
  }
  return { path, postgres: join(path, 'postgres'), secrets }
}

/** Random values for everything that the parts of Cronos prove to each other. */
function makeSecrets(): string {
  const secret = (bytes: number) => randomBytes(bytes).toString('base64url')
  const client = secret(32)
  const lines = {
    'secrets.jwt.secret': secret(64),
    'secrets.services.executorService.id': 'executorService',
    'secrets.services.executorService.password': client,
    'secrets.client.id': 'executorService',
    'secrets.client.password': client,
  }
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`)
  return `# Made at the first start of Cronos. Without this file all sessions end.\n${text.join('')}`
}

/** Writes the file whole or not at all, and leaves one that is there as it is. */
async function writeOnce(file: string, content: string): Promise<void> {
  const half = `${file}.${process.pid}`
  try {
    await writeFile(half, content, { mode: 0o600, flush: true })
    await link(half, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(half, { force: true })
  }
}

function whyUnusable(path: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `the data folder ${path} cannot be written by this user (${code}); CRONOS_DATA names another`
    case 'ENOSPC':
    case 'EDQUOT':
      return `no space is left for the data folder ${path}; CRONOS_DATA names another`
    case 'EEXIST':
    case 'ENOTDIR':
      return `the data folder ${path} is no folder; CRONOS_DATA names another`
    default:
      return `the data folder ${path} cannot be used: ${message}`
  }
}
