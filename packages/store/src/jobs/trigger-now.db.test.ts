import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { instant, type JobId, type UserId } from '@cronos/domain'
import { aJob, atInstant, byCron, fromNow, passTime } from '@cronos/testkit'
import { openEngine } from '../../test/engine.ts'
import { cancelJob, controlJob, controlJobs, pausing, triggering } from '../index.ts'

const engine = await openEngine()
const { db } = engine
after(() => engine[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const trigger = (jobId: JobId) => controlJob(db, triggering, jobId, alice)

test('a job that is triggered runs now, for whoever asked, and its next fire time stays', async () => {
  const next = await fromNow(db, 60_000)
  const trigger_ = byCron('0 0 0 1 1 *', next)
  const { jobId } = await engine.stored(aJob({ trigger: trigger_, expireAfterMs: 5_000 }))
  const triggered = await trigger(jobId)
  assert.ok(triggered.kind === 'done')
  const [manual, fire] = await engine.live()
  assert.equal(manual!.at, triggered.run.scheduledAt)
  assert.equal(manual!.expiresAt, manual!.at + 5_000)
  assert.deepEqual([manual!.reason, manual!.by, fire!.at], ['MANUAL', 'alice', next])
  const claimed = await engine.claim()
  assert.deepEqual(
    claimed.map(run => run.reason),
    ['MANUAL'],
  )
  const job = await engine.job(jobId)
  assert.deepEqual([job.status, job.nextRunAt], ['RUNNING', next])
  const [run] = await engine.start(claimed)
  await engine.finish(run!, { kind: 'succeeded' })
  assert.equal((await engine.job(jobId)).status, 'SCHEDULED')
})

test('many triggers in one millisecond are as many runs, off the grid of the job', async () => {
  const everyMs = 1_000
  const { jobId } = await engine.stored(
    aJob({
      trigger: {
        ...{ kind: 'every', everyMs, anchorAt: instant(0), startAt: null, endAt: null },
        ...{ plannedAt: await fromNow(db, 0), firstFireAt: await fromNow(db, 60_000) },
        tzdata: null,
      },
    }),
  )
  const answers = await Promise.all(Array.from({ length: 40 }, () => trigger(jobId)))
  const names = answers.map(each => (each.kind === 'done' ? each.run.scheduledAt : 0))
  assert.equal(new Set(names).size, 40)
  assert.ok(names.every(name => name % everyMs !== 0))
})

test('a paused job can be triggered, and nothing else of it starts', async () => {
  const { jobId } = await engine.stored(aJob({ trigger: atInstant(await fromNow(db, 60_000)) }))
  await controlJob(db, pausing(null), jobId, alice)
  assert.equal((await trigger(jobId)).kind, 'done')
  await passTime(db)
  const claimed = await engine.claim()
  assert.deepEqual(
    claimed.map(run => run.reason),
    ['MANUAL'],
  )
  assert.equal((await engine.start(claimed)).length, 1)
})

test('a pause holds what was triggered before it', async () => {
  const { jobId } = await engine.stored(aJob({ trigger: atInstant(await fromNow(db, 60_000)) }))
  await trigger(jobId)
  await controlJob(db, pausing(null), jobId, alice)
  assert.deepEqual(await engine.claim(), [])
})

test('a job that has ended cannot be triggered', async () => {
  const { jobId } = await engine.stored(aJob())
  const [run] = await engine.start(await engine.claim())
  await engine.finish(run!, { kind: 'succeeded' })
  assert.deepEqual(await trigger(jobId), { kind: 'refused', status: 'COMPLETED' })
  const often = await engine.stored(aJob({ trigger: byCron('0 0 0 1 1 *', await fromNow(db, 1)) }))
  await cancelJob(db, often.jobId, alice)
  assert.deepEqual(await trigger(often.jobId), { kind: 'refused', status: 'CANCELLED' })
})

test('many jobs are triggered together, each once, and each answer has its place', async () => {
  const later = async () => (await engine.stored(aJob())).jobId
  const ended = await later()
  await cancelJob(db, ended, alice)
  const open = await later()
  const strange = 'job_00000000-0000-7000-8000-000000000000' as JobId
  const answers = await controlJobs(db, triggering, [strange, open, ended], alice)
  assert.deepEqual(
    answers.map(each => each.kind),
    ['unknown', 'done', 'refused'],
  )
})
