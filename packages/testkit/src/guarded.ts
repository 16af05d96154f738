import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server that a guardian process owns. Disposing of it stops it. */
export interface Guarded extends AsyncDisposable {
  /** What the tests are told when it is up: where it is. */
  readonly address: unknown
  /** Rejects when it has ended by itself. */
  readonly done?: Promise<void>
  /** Does what the tests ask for, such as a `kill -9`. */
  obey?(command: string): Promise<void>
}

/** A line that a guardian writes to its standard output. */
export type GuardianMessage = { readonly address: unknown } | { readonly error: string } | 'obeyed'

/**
 * The whole of a guardian process: it starts a server, and lives as long as its standard input is
 * open, that is, as long as the tests do. It leaves nothing behind.
 *
 * @param start is given the options that stand in the command line, and a folder that is removed
 */
export async function guard<Options>(
  start: (options: Options, folder: string) => Promise<Guarded>,
): Promise<void> {
  const commands = createInterface({ input: process.stdin })
  const abandoned = new Promise<void>(resolve => commands.once('close', resolve))
  process.stdout.on('error', () => {}) // nobody reads any more: `abandoned` tells

  const folder = await mkdtemp(join(tmpdir(), 'cronos-test-'))
  try {
    await using server = await start(JSON.parse(process.argv[2] ?? '{}'), folder)
    tell({ address: server.address })
    commands.on('line', command => obey(server, command))
    await Promise.race([abandoned, ...(server.done === undefined ? [] : [server.done])])
  } catch (error) {
    tell(asMessage(error))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function obey(server: Guarded, command: string): Promise<void> {
  try {
    await server.obey?.(command)
    tell('obeyed')
  } catch (error) {
    tell(asMessage(error))
  }
}

function asMessage(error: unknown): GuardianMessage {
  return { error: error instanceof Error ? error.message : String(error) }
}

function tell(message: GuardianMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
