import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { openEmbeddedBus } from '@cronos/bus'
import { fence, type JobId, type UserId } from '@cronos/domain'
import { openLog } from '@cronos/runtime'
import {
  claimRuns,
  createJobs,
  openPool,
  type Pool,
  readLog,
  readRun,
  startRuns,
} from '@cronos/store'
import { aJob, freshDatabase } from '@cronos/testkit'
import { Type } from 'typebox'
import { toolsWithoutDatabase } from '../test/attempt.ts'
import { openLogWriter } from './log-writer.ts'
import { registryOf } from './registry.ts'
import { startExecutor } from './service.ts'
import { defineTask, type TaskContext } from './task.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
const tools = toolsWithoutDatabase()
after(async () => {
  await tools[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const alice = 'alice' as UserId
const log = openLog('test', 'silent')
const all = { after: null, attempt: null, limit: 5_000 }

async function claim(jobId: JobId) {
  const options = { limit: 100, dispatchLeaseMs: 60_000, takeOver: false }
  const claimed = await db.transaction(tx => claimRuns(tx, options))
  const { scheduledAt, attempt, fence } = claimed.find(each => each.jobId === jobId)!
  return { jobId, scheduledAt, fence, attempt: attempt + 1 }
}

async function startedRun() {
  const job = aJob()
  await createJobs(db, [job])
  const how = { executor: 'one', leaseMs: 60_000, again: false }
  const [run] = await startRuns(db, [await claim(job.jobId)], how)
  return run!
}

test('what attempts tell is on record when they have ended', async () => {
  const writer = openLogWriter({ db, log })
  const run = await startedRun()
  const told = writer.open(run)
  told.log.info('one', { order: 4711 })
  told.progress({ done: 1, total: 2 })
  await told.end()
  const lines = await readLog(db, alice, run, all)
  assert.deepEqual(
    lines.map(({ line, level, message, fields }) => [line, level, message, fields]),
    [[1, 'INFO', 'one', { order: 4711 }]],
  )
  const { progress, logLines } = (await readRun(db, run, alice))!
  assert.deepEqual([progress?.fraction, logLines], [0.5, 1])
})

test('an attempt that goes on is read while it does', async () => {
  const run = await startedRun()
  const told = openLogWriter({ db, log }).open(run)
  for (const message of ['one', 'two']) {
    told.log.info(message)
    while ((await readLog(db, alice, run, all)).at(-1)?.message !== message);
  }
  await told.end()
})

test('an attempt that tells nothing asks the database nothing', async () => {
  const never: Pool = new Proxy({} as Pool, { get: () => assert.fail('the database was asked') })
  const told = openLogWriter({ db: never, log }).open(await startedRun())
  await told.end()
})

test('an attempt that has lost its run leaves no line', async () => {
  const run = await startedRun()
  const told = openLogWriter({ db, log }).open({ ...run, fence: fence(run.fence + 1) })
  told.log.info('late')
  told.progress(0.5)
  await told.end()
  assert.deepEqual(await readLog(db, alice, run, all), [])
  assert.equal((await readRun(db, run, alice))?.progress, null)
})

test('attempts that end at once share their writes, and none loses a line', async () => {
  const writer = openLogWriter({ db, log })
  const runs = [await startedRun(), await startedRun(), await startedRun()]
  const tellers = runs.map(run => writer.open(run))
  for (const told of tellers) for (let n = 1; n <= 20; n++) told.log.info(`line ${n}`)
  await Promise.all(tellers.map(told => told.end()))
  for (const run of runs) assert.equal((await readLog(db, alice, run, all)).length, 20)
})

test('a database that is away costs an attempt its log and nothing else', async () => {
  const address = { url: 'postgres://127.0.0.1:1/none', user: 'nobody', password: '' }
  await using away = openPool({ ...address, name: 'test', max: 1, plans: 'engine' })
  const told = openLogWriter({ db: away, log }).open(await startedRun())
  told.log.info('lost')
  await told.end()
})

test('what a task logs is its run’s before the run has ended', async () => {
  const ended = new EventTarget()
  const work = defineTask({
    name: 'work',
    payload: Type.Object({}),
    async run(_payload: object, context: TaskContext) {
      context.log.warn('as told')
      context.progress(1)
      return {}
    },
  })
  await using bus = openEmbeddedBus()
  await using _executor = await startExecutor(
    {
      ...{ id: 'one', db, address: database.address, bus, log, tools },
      registry: registryOf([work]),
      tellWake: () => {},
    },
    {
      ...{ slots: 2, leaseMs: 10_000, heartbeatMs: 1_000, graceMs: 100 },
      retry: { baseMs: 10, capMs: 10 },
    },
  )
  const job = aJob({ payload: { task: 'work' } })
  await createJobs(db, [job])
  const event = await claim(job.jobId)
  await bus.publish([event])
  void untilFinished(event).then(() => ended.dispatchEvent(new Event('ended')))
  await once(ended, 'ended')
  const run = (await readRun(db, event, alice))!
  assert.deepEqual([run.status, run.logLines, run.progress?.fraction], ['SUCCEEDED', 1, 1])
})

async function untilFinished(event: Parameters<typeof readRun>[1]): Promise<void> {
  while ((await readRun(db, event, alice))?.finishedAt === null);
}
