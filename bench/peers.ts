import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openPool } from '@cronos/store'
import { type FreshDatabase, missingDatabase } from '@cronos/testkit'
import type { Contender } from './contenders.ts'
import { checkpoint, type Stage } from './measure/stage.ts'
import { runToEnd, startWorker } from './measure/worker-process.ts'

const run = promisify(execFile)
const FOLDER = join(import.meta.dirname, 'peers')

/** The peers that this machine has, and a line for each that it lacks. */
export interface Peers {
  readonly found: readonly Contender[]
  readonly missing: readonly string[]
}

/** A peer's program: `<command> fill|work <database's address> <jobs>`, as `WorkerProcess` says. */
interface PeerProgram {
  readonly name: string
  readonly settings: string
  readonly command: readonly [program: string, ...args: string[]]
}

const ON_NODE: readonly PeerProgram[] = [
  {
    name: 'graphile-worker',
    settings:
      '24 concurrent jobs over 25 connections, local queue of 500, completions batched without delay',
    command: [process.execPath, join(FOLDER, 'graphile-worker.js')],
  },
  {
    name: 'pg-boss',
    settings:
      'batches of 1,000 handled and completed as one, fetched again at once while they are full, 2 workers',
    command: [process.execPath, join(FOLDER, 'pg-boss.js')],
  },
]

const BULLMQ: PeerProgram = {
  name: 'BullMQ',
  settings: 'Redis with appendonly and fsync every second; 1 worker, concurrency 200',
  command: [process.execPath, join(FOLDER, 'bullmq.js')],
}

/** Finds what is installed: `npm ci` in `bench/peers`, Go for River, and Redis for BullMQ. */
export async function findPeers(): Promise<Peers> {
  const found: Contender[] = []
  const missing: string[] = []
  const isInstalled = existsSync(join(FOLDER, 'node_modules'))
  if (isInstalled) found.push(...ON_NODE.map(onPostgres))
  else missing.push('pg-boss, graphile-worker and BullMQ are missing: npm ci in bench/peers')
  if (isInstalled && (await works('redis-server', ['--version']))) found.push(onRedis(BULLMQ))
  else if (isInstalled) missing.push('BullMQ is missing: it needs redis-server')
  const river = await buildRiver()
  if (river === null) missing.push('River is missing: it needs Go')
  else
    found.push(
      onPostgres({
        name: 'River',
        settings:
          '2,000 workers, fetches at least 2 ms apart and polls after 20, as its own benchmark',
        command: [river],
      }),
    )
  return { found, missing }
}

/** The program of River, built from `bench/peers/river`; null without Go. */
export async function buildRiver(): Promise<string | null> {
  const folder = join(FOLDER, 'river')
  const program = join(folder, 'river-bench')
  const isBuilt = await run('go', ['build', '-o', program, '.'], { cwd: folder }).then(
    () => true,
    () => false,
  )
  return isBuilt ? program : null
}

/** An empty database of a peer's own on the stage's server. */
export async function emptyDatabase(): Promise<FreshDatabase & { readonly peerUrl: string }> {
  const database = await missingDatabase()
  const { address } = database
  const name = new URL(address.url).pathname.slice(1)
  await using admin = openPool({
    ...{ ...address, name: 'bench', max: 1, plans: 'general' },
    url: new URL('postgres', address.url).href,
  })
  await admin.query({ text: `create database ${name}`, values: [] })
  const url = new URL(address.url)
  url.username = address.user
  url.password = address.password
  return { ...database, peerUrl: url.href }
}

function onPostgres({ name, settings, command }: PeerProgram): Contender {
  const [program, ...first] = command
  return {
    ...{ name, settings },
    async prepare(_stage: Stage, jobs: number) {
      await using stack = new AsyncDisposableStack()
      const database = stack.use(await emptyDatabase())
      await runToEnd(program, [...first, 'fill', database.peerUrl, String(jobs)])
      await checkpoint(database)
      const worker = stack.use(
        await startWorker(program, [...first, 'work', database.peerUrl, String(jobs)]),
      )
      const owned = stack.move()
      return {
        parts: { workers: [worker.pid] },
        go: () => worker.say('go'),
        recorded: async () => void (await worker.hears('recorded')),
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      }
    },
  }
}

/** A Redis of its own for each round; its port is the program's to choose. */
function onRedis({ name, settings, command }: PeerProgram): Contender {
  const [program, ...first] = command
  return {
    ...{ name, settings },
    async prepare(_stage: Stage, jobs: number) {
      await using stack = new AsyncDisposableStack()
      const redis = stack.use(
        await startWorker(process.execPath, [join(FOLDER, 'redis-server.js')]),
      )
      const url = await redis.hears('url')
      await runToEnd(program, [...first, 'fill', url, String(jobs)])
      const worker = stack.use(await startWorker(program, [...first, 'work', url, String(jobs)]))
      const owned = stack.move()
      return {
        parts: { workers: [worker.pid], redis: [redis.pid] },
        go: () => worker.say('go'),
        recorded: async () => void (await worker.hears('recorded')),
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      }
    },
  }
}

function works(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  )
}
