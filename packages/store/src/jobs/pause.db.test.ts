import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Instant, instant, type JobId, type UserId } from '@cronos/domain'
import { aJob, atInstant, byCron, fromNow, passTime } from '@cronos/testkit'
import { openEngine } from '../../test/engine.ts'
import { cancelJob, controlJob, type NewJob, pausing, resuming } from '../index.ts'

const engine = await openEngine()
const { db } = engine
after(() => engine[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const MINUTE = 60_000
const pause = (jobId: JobId, note: string | null = null) =>
  controlJob(db, pausing(note), jobId, alice)
const resume = (jobId: JobId) => controlJob(db, resuming, jobId, alice)

/** A job of each minute whose earliest fire that nobody served was so many minutes ago. */
async function missedMinutes(minutes: number, more: Partial<NewJob> = {}) {
  const now = await fromNow(db, 0)
  const first = instant(now - (now % MINUTE) - minutes * MINUTE)
  const job = await engine.stored(aJob({ trigger: byCron('0 * * * * *', first), ...more }))
  return { job, jobId: job.jobId, first }
}

/** The fire times that a test of whole minutes expects, however long it has taken. */
const minutesOf = (from: number, count: number) => instant(from + (count - 1) * MINUTE)

test('a paused job is held until it is resumed, and says since when and why', async () => {
  const soon = await fromNow(db, 10 * MINUTE)
  const { jobId } = await engine.stored(aJob({ trigger: atInstant(soon) }))
  const paused = await pause(jobId, 'stocktaking')
  assert.equal(paused.kind, 'done')
  await passTime(db)
  assert.deepEqual(await engine.claim(), [])
  const job = await engine.job(jobId)
  assert.equal(job.status, 'PAUSED')
  assert.equal(job.pauseNote, 'stocktaking')
  assert.equal(job.version, 2)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done' && resumed.missed === 0 && resumed.nextRunAt === soon)
  assert.equal((await engine.job(jobId)).status, 'SCHEDULED')
  await passTime(db)
  assert.equal((await engine.claim()).length, 1)
})

test('each pause and resume is a version of what was expected, without a hole between', async () => {
  const { jobId } = await missedMinutes(0)
  await pause(jobId, 'stocktaking')
  await resume(jobId)
  const versions = await engine.triggers(jobId)
  assert.deepEqual(
    versions.map(each => [each.version, each.state, each.note, each.by]),
    [
      [1, 'ACTIVE', null, 'alice'],
      [2, 'PAUSED', 'stocktaking', 'alice'],
      [3, 'ACTIVE', null, 'alice'],
    ],
  )
  assert.deepEqual(
    versions.map(each => each.to),
    [versions[1]!.from, versions[2]!.from, null],
  )
})

test('what was on its way to an executor comes back, and its event starts nothing', async () => {
  const { jobId } = await engine.stored(aJob())
  const claimed = await engine.claim()
  await pause(jobId)
  assert.deepEqual(await engine.start(claimed), [])
  assert.deepEqual(
    (await engine.live()).map(run => [run.status, run.hold, run.wake]),
    [['PENDING', 'PAUSED', null]],
  )
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done' && resumed.became === 'ONE_RUN')
  const [again] = await engine.claim()
  assert.ok(again!.fence > claimed[0]!.fence)
  assert.equal((await engine.start([again!])).length, 1)
})

test('what runs goes on, and a one-time job that was paused meanwhile is then COMPLETED', async () => {
  const { jobId } = await engine.stored(aJob())
  const [run] = await engine.start(await engine.claim())
  await pause(jobId)
  assert.equal((await engine.job(jobId)).status, 'PAUSED')
  await engine.finish(run!, { kind: 'succeeded' })
  assert.equal((await engine.job(jobId)).status, 'COMPLETED')
  assert.deepEqual(await resume(jobId), { kind: 'refused', status: 'COMPLETED' })
})

test('an attempt that waits for its next try is held, and tried again after the pause', async () => {
  const { jobId } = await engine.stored(aJob())
  const [run] = await engine.start(await engine.claim())
  await engine.finish(run!, { kind: 'failed', reason: 'no route', permanent: false })
  await pause(jobId)
  await passTime(db)
  assert.deepEqual(await engine.claim(), [])
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done' && resumed.missed === 0)
  assert.equal(resumed.dueInMs, 0)
  assert.equal((await engine.start(await engine.claim()))[0]?.attempt, 2)
})

test('run_once: fire times missed in a pause become one run, at the latest of them', async () => {
  const { jobId, first } = await missedMinutes(30)
  await pause(jobId)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done')
  assert.ok(resumed.missed >= 31)
  assert.equal(resumed.skipped, resumed.missed - 1)
  assert.equal(resumed.became, 'ONE_RUN')
  const latest = minutesOf(first, resumed.missed)
  assert.equal(resumed.nextRunAt, latest + MINUTE)
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.reason, run.hold]),
    [[latest, 'FIRE', null]],
  )
  assert.deepEqual(await engine.skipped(jobId), [
    { from: first, to: latest - MINUTE, count: resumed.skipped, policy: 'PAUSED', into: latest },
  ])
  assert.equal((await engine.claim())[0]?.scheduledAt, latest)
})

test('skip: fire times missed in a pause are on record, and the next one is to come', async () => {
  const { jobId, first } = await missedMinutes(30, { misfire: 'skip' })
  await pause(jobId)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done')
  assert.equal(resumed.became, 'SKIPPED')
  assert.equal(resumed.skipped, resumed.missed)
  const latest = minutesOf(first, resumed.missed)
  assert.deepEqual(await engine.skipped(jobId), [
    { from: first, to: latest, count: resumed.missed, policy: 'PAUSED', into: null },
  ])
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.hold]),
    [[latest + MINUTE, null]],
  )
  assert.equal(resumed.nextRunAt, latest + MINUTE)
})

test('catch_up: the latest missed fire times up to its limit are run, from the oldest', async () => {
  const { jobId, first } = await missedMinutes(30, { misfire: 'catch_up', catchUpLimit: 5 })
  await pause(jobId)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done')
  assert.equal(resumed.became, 'CATCH_UP')
  assert.equal(resumed.missed - resumed.skipped, 5)
  const oldest = minutesOf(first, resumed.skipped + 1)
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.reason, run.dispatches]),
    [[oldest, 'CATCH_UP', 0]],
  )
  assert.deepEqual(await engine.skipped(jobId), [
    { from: first, to: oldest - MINUTE, count: resumed.skipped, policy: 'PAUSED', into: null },
  ])
})

test('a fire that was on its way when its job was paused is one of the missed ones', async () => {
  const { jobId, first } = await missedMinutes(5)
  await engine.claim(MINUTE)
  await pause(jobId)
  assert.equal((await engine.live()).length, 2)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done' && resumed.missed >= 6)
  const [run, ...others] = await engine.live()
  assert.deepEqual(others, [])
  assert.equal(run!.at, minutesOf(first, resumed.missed))
  assert.equal((await engine.skipped(jobId))[0]?.count, resumed.missed - 1)
})

test('a fire that was on its way is skipped, and the one to come stays', async () => {
  const { jobId, first } = await missedMinutes(0, { misfire: 'skip' })
  await engine.claim(10 * MINUTE)
  await pause(jobId)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done' && resumed.missed === 1 && resumed.skipped === 1)
  assert.equal(resumed.nextRunAt, first + 10 * MINUTE)
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.hold]),
    [[first + 10 * MINUTE, null]],
  )
})

test('a one-time job whose instant passed in a pause runs, or is skipped by its policy', async () => {
  const { jobId } = await engine.stored(aJob())
  await pause(jobId)
  assert.equal((await resume(jobId)).kind, 'done')
  assert.equal((await engine.claim()).length, 1)
  const skipping = await engine.stored(aJob({ misfire: 'skip' }))
  await pause(skipping.jobId)
  const resumed = await resume(skipping.jobId)
  assert.ok(resumed.kind === 'done' && resumed.became === 'SKIPPED')
  const job = await engine.job(skipping.jobId)
  assert.equal(job.status, 'FAILED')
  assert.match(job.failureReason!, /paused/)
})

test('a second pause or resume changes nothing and answers the same', async () => {
  const { jobId } = await missedMinutes(0)
  const [one, two] = [await pause(jobId, 'first'), await pause(jobId, 'second')]
  assert.deepEqual(one, two)
  await resume(jobId)
  const again = await resume(jobId)
  assert.ok(again.kind === 'done' && again.became === 'NOTHING')
  assert.equal((await engine.triggers(jobId)).length, 3)
})

test('many resumes at once settle each missed fire time once', async () => {
  const { jobId } = await missedMinutes(30)
  await pause(jobId)
  const answers = await Promise.all(Array.from({ length: 8 }, () => resume(jobId)))
  const counts = answers.map(each => (each.kind === 'done' ? each.missed : -1))
  assert.equal(counts.filter(count => count > 0).length, 1)
  assert.equal(counts.filter(count => count === 0).length, 7)
  assert.equal((await engine.skipped(jobId)).length, 1)
})

test('a pause and a claim at once: what was claimed first comes back, and nothing starts', async () => {
  for (let round = 0; round < 20; round++) {
    const { jobId } = await missedMinutes(0)
    const [claimed] = await Promise.all([engine.claim(), pause(jobId)])
    assert.deepEqual(await engine.start(claimed), [])
    assert.ok((await engine.live()).every(run => run.hold === 'PAUSED'))
    await passTime(db)
    assert.deepEqual(await engine.claim(), [])
  }
})

test('a paused job can be cancelled, one that has ended cannot be paused', async () => {
  const { jobId } = await missedMinutes(0)
  await pause(jobId)
  assert.equal((await cancelJob(db, jobId, alice)).kind, 'done')
  assert.equal((await engine.job(jobId)).status, 'CANCELLED')
  assert.deepEqual(await pause(jobId), { kind: 'refused', status: 'CANCELLED' })
  assert.deepEqual(await resume(jobId), { kind: 'refused', status: 'CANCELLED' })
})

test("another owner's job is unknown to every control", async () => {
  const { jobId } = await missedMinutes(0)
  const mallory = 'mallory' as UserId
  for (const control of [pausing(null), resuming])
    assert.deepEqual(await controlJob<object>(db, control, jobId, mallory), { kind: 'unknown' })
})

test('fires that a spread moves are missed when they were due, not before', async () => {
  const now = (await fromNow(db, 0)) as Instant
  const first = instant(now - (now % MINUTE) - 3 * MINUTE)
  const spreadMs = 24 * 60 * MINUTE
  const trigger = byCron('0 * * * * *', first)
  const { jobId } = await engine.stored(aJob({ trigger, spreadMs }))
  const [run] = await engine.live()
  await pause(jobId)
  const resumed = await resume(jobId)
  assert.ok(resumed.kind === 'done')
  assert.equal(resumed.missed > 0, run!.due <= now)
  assert.equal((await engine.live()).length, 1)
})
