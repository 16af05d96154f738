import { resolve } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import type { Connection } from '@cronos/store'
import { chooseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { bringUp, type Server, urlOf } from './bring-up.ts'
import { openCluster, USER } from './cluster.ts'
import { DataFolderInUse } from './keeper.ts'
import { type Log, startTrimming } from './log.ts'
import { findPostmaster, stop } from './postmaster.ts'
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
    [Symbol.asyncDispose]: () => {
      stopping.abort()
      return done
    },
  }
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
