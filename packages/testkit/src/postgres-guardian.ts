/** The process that owns a test PostgreSQL. */

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalPostgres } from '@cronos/local-postgres'
import { guard } from './guarded.ts'
import { mountSmallDisk } from './small-disk.ts'

export interface PostgresOptions {
  /** Whether commits are forced to the disk. */
  readonly durable: boolean
  /** Puts its data on a disk of its own, of so many megabytes; only root can have one. */
  readonly diskMb?: number
}

/** What a test may do to its PostgreSQL. */
export type PostgresCommand = 'crash' | 'fill disk' | 'free disk'

await guard<PostgresOptions>(async ({ durable, diskMb }, folder) => {
  await using stack = new AsyncDisposableStack()
  const home = join(folder, 'home')
  await mkdir(home, { mode: 0o755 })
  const disk = diskMb === undefined ? null : stack.use(await mountSmallDisk(home, diskMb))
  const dataDir = join(home, 'postgres')
  const postgres = stack.use(
    await startLocalPostgres({
      ...{ dataDir, durable },
      settings: {
        max_connections: '400', // many test files at once, each with its pools
        ...(disk !== null && { max_wal_size: '128MB', min_wal_size: '32MB' }),
      },
      log: { info: () => {}, warn: (message: string) => console.error(message) },
    }),
  )
  const { url, user, password } = postgres
  const commands: Record<PostgresCommand, () => Promise<void>> = {
    crash: () => stopAtOnce(join(dataDir, 'data')),
    'fill disk': async () => disk?.fill(),
    'free disk': async () => disk?.free(),
  }
  const owned = stack.move()
  return {
    address: { url, user, password },
    done: postgres.done,
    obey: command => commands[command as PostgresCommand](),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
})

/** An immediate shutdown: nothing is written down, so that the next start recovers from the log. */
async function stopAtOnce(data: string): Promise<void> {
  const pid = Number.parseInt(await readFile(join(data, 'postmaster.pid'), 'utf8'), 10)
  process.kill(pid, 'SIGQUIT')
}
