/**
 * The process that owns a test server. It lives as long as its standard input is open, that is, as
 * long as the tests do, and leaves nothing behind.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalPostgresError, startLocalPostgres } from '@cronos/local-postgres'
import type { ServerAddress } from './server.ts'

export interface GuardianOptions {
  /** Whether commits are forced to the disk. */
  readonly durable: boolean
}

/** The one line that it writes to its standard output. */
export type GuardianMessage = { address: ServerAddress } | { error: string }

const options: GuardianOptions = JSON.parse(process.argv[2] ?? '{}')
const abandoned = new Promise<void>(resolve => process.stdin.resume().once('close', resolve))
process.stdout.on('error', () => {}) // nobody reads any more: `abandoned` tells

const folder = await mkdtemp(join(tmpdir(), 'cronos-test-'))
try {
  const log = { info: () => {}, warn: (message: string) => console.error(message) }
  await using postgres = await startLocalPostgres({
    dataDir: join(folder, 'postgres'),
    durable: options.durable,
    settings: { max_connections: '400' }, // many test files at once, each with its pools
    log,
  })
  const { url, user, password } = postgres
  tell({ address: { url, user, password } })
  await Promise.race([abandoned, postgres.done])
} catch (error) {
  tell({ error: error instanceof LocalPostgresError ? error.message : String(error) })
} finally {
  await rm(folder, { recursive: true, force: true })
}

function tell(message: GuardianMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
