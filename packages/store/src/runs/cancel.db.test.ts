import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { instant, type JobId, type UserId } from '@cronos/domain'
import { aJob, byCron, fromNow, passTime } from '@cronos/testkit'
import { openEngine } from '../../test/engine.ts'
import {
  cancelJob,
  cancelRun,
  controlJob,
  deleting,
  listRuns,
  pausing,
  readJob,
  readRun,
  sql,
} from '../index.ts'

const engine = await openEngine()
const { db } = engine
after(() => engine[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const GRACE_MS = 10_000
const MINUTE = 60_000

async function everyMinute() {
  const now = await fromNow(db, 0)
  const first = instant(now - (now % MINUTE) + MINUTE)
  const { jobId } = await engine.stored(aJob({ trigger: byCron('0 * * * * *', first) }))
  return { jobId, first }
}

const cancel = (jobId: JobId, at: number) =>
  cancelRun(db, { jobId, scheduledAt: instant(at) }, alice, GRACE_MS)

test('the run of a one-time job that is on its way is cancelled, and its event starts nothing', async () => {
  const { jobId } = await engine.stored(aJob())
  const claimed = await engine.claim()
  const { scheduledAt } = claimed[0]!
  assert.deepEqual(await cancel(jobId, scheduledAt), { kind: 'cancelled' })
  assert.deepEqual(await engine.start(claimed), [])
  assert.equal((await engine.job(jobId)).status, 'CANCELLED')
  assert.deepEqual(await cancel(jobId, scheduledAt), { kind: 'cancelled' })
})

test('when one fire of a recurring job is cancelled the next one takes its place', async () => {
  const { jobId, first } = await everyMinute()
  assert.deepEqual(await cancel(jobId, first), { kind: 'cancelled' })
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.hold]),
    [[first + MINUTE, null]],
  )
  const run = await readRun(db, { jobId, scheduledAt: first }, alice)
  assert.equal(run?.status, 'CANCELLED')
  const job = await engine.job(jobId)
  assert.deepEqual([job.status, job.nextRunAt], ['SCHEDULED', first + MINUTE])
})

test('a fire that is cancelled after its claim leaves the one that is to come alone', async () => {
  const { jobId, first } = await everyMinute()
  await passTime(db)
  await engine.claim(5 * MINUTE)
  assert.deepEqual(await cancel(jobId, first), { kind: 'cancelled' })
  assert.deepEqual(
    (await engine.live()).map(run => run.at),
    [first + 5 * MINUTE],
  )
})

test('the fire of a paused job is cancelled, and the next one is held', async () => {
  const { jobId, first } = await everyMinute()
  await controlJob(db, pausing(null), jobId, alice)
  await cancel(jobId, first)
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.hold, run.wake]),
    [[first + MINUTE, 'PAUSED', null]],
  )
})

test('a run that is going on is asked to end, once, and has its grace for it', async () => {
  const { jobId } = await engine.stored(aJob())
  const [run] = await engine.start(await engine.claim())
  const asked = await cancel(jobId, run!.scheduledAt)
  assert.ok(asked.kind === 'asked')
  const [live] = await engine.live()
  assert.equal(live!.cancelAt, asked.cancelAt)
  assert.equal(live!.status, 'RUNNING')
  assert.deepEqual(await cancel(jobId, run!.scheduledAt), asked)
})

test('a run that has ended cannot be cancelled, and one that never was is unknown', async () => {
  const { jobId } = await engine.stored(aJob())
  const [run] = await engine.start(await engine.claim())
  await engine.finish(run!, { kind: 'succeeded' })
  const refused = { kind: 'refused', status: 'SUCCEEDED' }
  assert.deepEqual(await cancel(jobId, run!.scheduledAt), refused)
  assert.deepEqual(await cancel(jobId, 1), { kind: 'unknown' })
  const stranger = await cancelRun(db, run!, 'mallory' as UserId, GRACE_MS)
  assert.deepEqual(stranger, { kind: 'unknown' })
})

test('a cancel and a start at once: the run is cancelled, or its executor is asked to end it', async () => {
  for (let round = 0; round < 20; round++) {
    const { jobId } = await engine.stored(aJob())
    const claimed = await engine.claim()
    const [started, cancelled] = await Promise.all([
      engine.start(claimed),
      cancel(jobId, claimed[0]!.scheduledAt),
    ])
    assert.equal(cancelled.kind, started.length === 0 ? 'cancelled' : 'asked')
  }
})

test('a deleted job is gone with its runs, and what runs is asked to end', async () => {
  const { jobId } = await everyMinute()
  await db.query(sql`update runs_live set due_at = now(), wake_at = now()`)
  assert.equal((await engine.start(await engine.claim())).length, 1)
  assert.equal((await engine.live()).length, 2)
  const deleted = await controlJob(db, deleting(GRACE_MS), jobId, alice)
  assert.deepEqual(deleted, { kind: 'done' })
  assert.equal(await readJob(db, jobId, alice), null)
  assert.deepEqual(
    (await engine.live()).map(run => [run.status, run.cancelAt !== null]),
    [['RUNNING', true]],
  )
  assert.deepEqual(await controlJob(db, deleting(GRACE_MS), jobId, alice), { kind: 'unknown' })
})

test('a job that was paused while it ran is cancelled with what it runs', async () => {
  const { jobId } = await engine.stored(aJob())
  await engine.start(await engine.claim())
  await controlJob(db, pausing(null), jobId, alice)
  assert.deepEqual(await cancelJob(db, jobId, alice), { kind: 'done' })
  const [live] = await engine.live()
  assert.ok(live!.cancelAt !== null)
  assert.equal((await listRuns(db, jobId, alice, { limit: 10, offset: 0 })).length, 1)
})
