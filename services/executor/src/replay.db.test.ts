import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openEmbeddedBus } from '@cronos/bus'
import type { RunKey, UserId } from '@cronos/domain'
import { openLog } from '@cronos/runtime'
import { claimRuns, createJobs, readJob, readRun, replayLetters } from '@cronos/store'
import { aJob, byCron, freshDatabase, fromNow } from '@cronos/testkit'
import { Type } from 'typebox'
import { toolsWithoutDatabase } from '../test/attempt.ts'
import { registryOf } from './registry.ts'
import { startExecutor } from './service.ts'
import { defineTask, PermanentError } from './task.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
const tools = toolsWithoutDatabase()
after(async () => {
  await tools[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const alice = 'alice' as UserId

const pick = defineTask({
  name: 'pick',
  payload: Type.Object({ how: Type.String() }),
  async run({ how }) {
    if (how === 'for good') throw new PermanentError('payload.how must be well')
    throw new Error('no route')
  },
})

test('a replay that fails for good leaves its recurring job as it is', async () => {
  await using bus = openEmbeddedBus()
  const log = openLog('test', 'silent')
  const options = { limit: 10, dispatchLeaseMs: 60_000, takeOver: false }
  const settings = { slots: 2, leaseMs: 10_000, heartbeatMs: 1_000, graceMs: 100 }
  await using _executor = await startExecutor(
    {
      ...{ id: 'one', db, address: database.address, bus, log, tools },
      ...{ registry: registryOf([pick]), tellWake: () => {} },
    },
    { ...settings, retry: { baseMs: 10, capMs: 10 } },
  )
  const runNext = async (): Promise<RunKey> => {
    const [claimed] = await db.transaction(tx => claimRuns(tx, options))
    const { jobId, scheduledAt, fence } = claimed!
    await bus.publish([{ jobId, scheduledAt, fence, attempt: claimed!.attempt + 1 }])
    while ((await readRun(db, claimed!, alice))?.finishedAt === null);
    return claimed!
  }

  const trigger = byCron('0 0 0 1 1 *', await fromNow(db, -1_000))
  const job = aJob({ trigger, maxAttempts: 1, payload: { task: 'pick', how: 'badly' } })
  await createJobs(db, [job])
  const letter = await runNext()
  const before = (await readJob(db, job.jobId, alice))?.status

  const asked = { owner: alice, requestedBy: alice, requestKey: null }
  const payload = { task: 'pick', how: 'for good' }
  await replayLetters(db, [{ ...letter, jobId: job.jobId, payload }], asked)
  const replay = await runNext()
  const { status, error } = (await readRun(db, replay, alice))!
  assert.deepEqual([status, error?.message], ['FAILED', 'payload.how must be well'])
  const after = (await readJob(db, job.jobId, alice))!
  assert.equal(after.status, before)
  assert.notEqual(after.status, 'FAILED')
})
