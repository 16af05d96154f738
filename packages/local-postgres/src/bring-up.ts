import { setTimeout as rest } from 'node:timers/promises'
import type { Connection } from '@cronos/store'
import type { Account } from './account.ts'
import { type Cluster, keepPort, keptPort } from './cluster.ts'
import { LocalPostgresError } from './failure.ts'
import { DataFolderInUse, takeCharge } from './keeper.ts'
import type { Log } from './log.ts'
import { freePort, isFree, LOOPBACK } from './port.ts'
import { findPostmaster, LOOK_MS, launch, stop, wasStartedWith } from './postmaster.ts'

/** What it takes to start PostgreSQL on one data folder. */
export interface Server {
  readonly cluster: Cluster
  readonly program: string
  readonly account: Account
  readonly settings: readonly string[]
  readonly log: Log
}

/** A running PostgreSQL that this process looks after, as long as the connection lasts. */
export interface InCharge {
  readonly connection: Connection
  readonly port: number
}

/** Recovery after a crash replays at most a gigabyte of log; a slow disk needs this long. */
const START_TIMEOUT_MS = 300_000
/** One that says that it is ready, but does not answer for this long, is started afresh. */
const SILENCE_MS = 15_000

/**
 * Gets PostgreSQL running, whatever it is doing now, and takes charge of it. When that fails,
 * nothing that was started here is left running.
 *
 * @param wantedPort null: the kept one, else any
 * @param signal ends the attempt
 * @throws {LocalPostgresError} with the cause in one line
 */
export async function bringUp(
  server: Server,
  wantedPort: number | null,
  signal: AbortSignal,
): Promise<InCharge> {
  const { cluster } = server
  const timeUp = AbortSignal.timeout(START_TIMEOUT_MS)
  const attempt = { launched: false, signal: AbortSignal.any([signal, timeUp]) }
  try {
    return await reach(server, wantedPort, attempt)
  } catch (error) {
    const running = await findPostmaster(cluster.data)
    if (attempt.launched && running !== null && !(error instanceof DataFolderInUse))
      await stop(cluster.data, running)
    if (!timeUp.aborted) throw error
    const seconds = START_TIMEOUT_MS / 1_000
    throw new LocalPostgresError(
      `PostgreSQL in ${cluster.folder} is not ready after ${seconds} s (see ${cluster.logFile})`,
      { cause: error },
    )
  }
}

async function reach(
  server: Server,
  wantedPort: number | null,
  attempt: { launched: boolean; readonly signal: AbortSignal },
): Promise<InCharge> {
  const { folder, data, password } = server.cluster
  for (let answered = performance.now(); ; await rest(LOOK_MS)) {
    attempt.signal.throwIfAborted()
    const running = await findPostmaster(data)
    if (running === null) {
      attempt.launched = true
      await start(server, wantedPort, attempt.signal)
      answered = performance.now()
    } else if (!running.ready) {
      answered = performance.now() // it is starting, recovering or stopping: wait for its next state
    } else {
      const { port } = running
      const connection = await takeCharge(folder, urlOf(port), password)
      if (connection !== null) {
        const asWanted = wantedPort === null || wantedPort === port
        if (asWanted && (await wasStartedWith(data, argumentsFor(server, port))))
          return { connection, port }
        server.log.info('PostgreSQL runs with other settings than it should: starting it again')
        await stop(data, running)
      } else if (performance.now() - answered > SILENCE_MS) {
        server.log.warn(`PostgreSQL (pid ${running.pid}) does not answer: starting it again`)
        await stop(data, running)
      }
    }
  }
}

async function start(
  server: Server,
  wantedPort: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, program, account } = server
  const port = wantedPort ?? (await choosePort(cluster))
  if (!(await isFree(port)))
    throw new LocalPostgresError(`port ${port}, wanted for PostgreSQL, is taken`)
  try {
    await launch(cluster, program, argumentsFor(server, port), account, signal)
    await keepPort(cluster, port)
  } catch (error) {
    if (wantedPort !== null || (await isFree(port))) throw error
    // Somebody took the port in the moment since we looked: the next turn chooses another.
  }
}

async function choosePort(cluster: Cluster): Promise<number> {
  const kept = await keptPort(cluster)
  return kept !== null && (await isFree(kept)) ? kept : freePort()
}

function argumentsFor({ cluster, settings }: Server, port: number): string[] {
  return ['-D', cluster.data, '-p', `${port}`, ...settings]
}

export function urlOf(port: number): string {
  return `postgres://${LOOPBACK}:${port}/`
}
