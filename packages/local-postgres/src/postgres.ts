import { resolve } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import type { Connection } from '@cronos/store'
import { type Account, chooseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, keepPort, keptPort, openCluster, USER } from './cluster.ts'
import { LocalPostgresError } from './failure.ts'
import { DataFolderInUse, takeCharge } from './keeper.ts'
import { startTrimming } from './log-file.ts'
import { freePort, isFree, LOOPBACK } from './port.ts'
import { findPostmaster, launch, stop, wasStartedWith } from './postmaster.ts'
import { settingsAsArguments } from './settings.ts'

export interface LocalPostgresOptions {
  /** Made at the first start; its parent too. */
  readonly dataDir: string
  /** Without it a free one is chosen at the first start and kept. */
  readonly port?: number
  /** False risks the data for speed, for tests only: nothing is forced to the disk. */
  readonly durable?: boolean
  /** Settings of `postgresql.conf` over our own. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log: Log
}

/** A logger of the usual kind. */
export interface Log {
  info(message: string): void
  warn(message: string): void
}

/** A PostgreSQL of our own. Disposing of it stops it, and resolves when it has stopped. */
export interface StartedPostgres extends AsyncDisposable {
  /** `postgres://127.0.0.1:<port>/`, to be followed by a database's name. */
  readonly url: string
  readonly user: string
  readonly password: string
  readonly port: number
  /** Resolves after a stop that was asked for; rejects when PostgreSQL is down for good. */
  readonly done: Promise<void>
}

/** Recovery after a crash replays at most a gigabyte of log; a slow disk needs this long. */
const START_TIMEOUT_MS = 300_000
/** One that says that it is ready, but does not answer for this long, is started afresh. */
const SILENCE_MS = 15_000
/** Rests between attempts to bring back a PostgreSQL that died; then it is given up. */
const RESTART_DELAYS_MS = [0, 200, 1_000, 3_000, 10_000, 20_000, 30_000]

/**
 * Starts PostgreSQL on `dataDir`, or takes charge of the one that a killed Cronos left running
 * there. It is brought back when it dies. It outlives this process when that is killed, and the
 * next start finds it.
 *
 * @throws {LocalPostgresError} one line with the cause: folder in use or not writable, no space,
 *   the port that was asked for is taken, no PostgreSQL for this platform, no user to run it
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<StartedPostgres> {
  const { durable = true, log } = options
  const dataDir = resolve(options.dataDir)
  const programs = await findBinaries()
  const account = await chooseAccount(dataDir, programs.postgres)
  const cluster = await openCluster(dataDir, durable, programs.initdb, account)
  const settings = settingsAsArguments(durable, options.settings ?? {})
  const server: Server = { cluster, program: programs.postgres, account, settings, log }
  const stopping = new AbortController()

  const { connection, port } = await bringUp(server, options.port ?? null, stopping.signal)
  const done = keepUp(server, connection, port, stopping.signal)
  done.catch(() => {}) // `done` still rejects for its owner; Node only learns that it has one
  return {
    url: urlOf(port),
    user: USER,
    password: cluster.password,
    port,
    done,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await done.catch(() => {}) // whoever holds `done` has been told; here it need only be down
    },
  }
}

interface Server {
  readonly cluster: Cluster
  readonly program: string
  readonly account: Account
  readonly settings: readonly string[]
  readonly log: Log
}

interface InCharge {
  readonly connection: Connection
  readonly port: number
}

/** Gets PostgreSQL running, whatever it is doing now, and takes charge of it. */
async function bringUp(
  server: Server,
  wantedPort: number | null,
  signal: AbortSignal,
): Promise<InCharge> {
  const { cluster, log } = server
  const { data, folder, password } = cluster
  const begin = performance.now()
  let answered = begin
  while (performance.now() - begin < START_TIMEOUT_MS) {
    signal.throwIfAborted()
    const running = await findPostmaster(data)
    if (running === null) {
      await start(server, wantedPort)
      answered = performance.now()
      continue
    }
    const connection = running.ready
      ? await takeCharge(folder, urlOf(running.port), password)
      : null
    if (connection !== null) {
      const asWanted = wantedPort === null || wantedPort === running.port
      if (asWanted && (await wasStartedWith(data, argumentsFor(server, running.port))))
        return { connection, port: running.port }
      log.info('PostgreSQL runs with other settings: starting it again')
      await stop(data, running)
    } else if (running.ready && performance.now() - answered > SILENCE_MS) {
      log.warn(`PostgreSQL (pid ${running.pid}) does not answer: starting it again`)
      await stop(data, running)
    } else {
      if (!running.ready) answered = performance.now() // it is starting, recovering or stopping
      await rest(20)
    }
  }
  throw new LocalPostgresError(`PostgreSQL in ${folder} is not ready after ${START_TIMEOUT_MS} ms`)
}

async function start(server: Server, wantedPort: number | null): Promise<void> {
  const port = wantedPort ?? (await choosePort(server.cluster))
  if (!(await isFree(port))) throw new LocalPostgresError(`port ${port} is taken`)
  await launch(server.cluster, server.program, argumentsFor(server, port), server.account)
  await keepPort(server.cluster, port)
}

async function choosePort(cluster: Cluster): Promise<number> {
  const kept = await keptPort(cluster)
  return kept !== null && (await isFree(kept)) ? kept : freePort()
}

/** Looks after PostgreSQL until it is to stop, then stops it. */
async function keepUp(
  server: Server,
  first: Connection,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, log } = server
  using _trimming = startTrimming(cluster.logFile, log)
  const stopRequested = new Promise<void>(wake => signal.addEventListener('abort', () => wake()))
  let connection: Connection | null = first
  try {
    while (connection !== null) {
      await Promise.race([connection.closed, stopRequested])
      if (signal.aborted) break
      log.warn('PostgreSQL has gone away: bringing it back')
      connection = await bringBack(server, port, signal)
    }
  } finally {
    // The lock is kept until it is down, so that nobody takes over what is about to stop.
    const running = await findPostmaster(cluster.data)
    if (signal.aborted && running !== null) await stop(cluster.data, running)
    await connection?.[Symbol.asyncDispose]()
  }
}

/** @returns null when it was to stop meanwhile */
async function bringBack(
  server: Server,
  port: number,
  signal: AbortSignal,
): Promise<Connection | null> {
  let cause: unknown
  for (const delayMs of RESTART_DELAYS_MS) {
    try {
      await rest(delayMs, undefined, { signal })
      const { connection } = await bringUp(server, port, signal)
      server.log.info('PostgreSQL is back')
      return connection
    } catch (error) {
      if (signal.aborted) return null
      if (error instanceof DataFolderInUse) throw error
      server.log.warn(
        `PostgreSQL is not back yet: ${error instanceof Error ? error.message : error}`,
      )
      cause = error
    }
  }
  throw cause
}

function argumentsFor({ cluster, settings }: Server, port: number): string[] {
  return ['-D', cluster.data, '-p', `${port}`, ...settings]
}

function urlOf(port: number): string {
  return `postgres://${LOOPBACK}:${port}/`
}
