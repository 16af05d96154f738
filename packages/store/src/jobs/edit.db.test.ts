import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  instant,
  type JobId,
  type StoredRecurrence,
  spreadOffsetMs,
  type UserId,
} from '@cronos/domain'
import { aJob, atInstant, byCron, fromNow, passTime } from '@cronos/testkit'
import { openEngine } from '../../test/engine.ts'
import {
  controlJob,
  editJob,
  type JobEdit,
  type LockedJob,
  type NewJob,
  pausing,
  rescheduleJob,
  resuming,
  sql,
} from '../index.ts'

const engine = await openEngine()
const { db } = engine
after(() => engine[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The job as it is, but for what is given. */
const edit = (jobId: JobId, given: Partial<JobEdit>, isMeant = (_version: number) => true) =>
  editJob(db, jobId, alice, isMeant, job => ({ ...asItIs(job), ...given }))

function asItIs(job: LockedJob): JobEdit {
  const { name, tags, payload, priority, timeoutMs, maxAttempts, backoff, backoffBaseMs } = job
  const { backoffCapMs, backoffJitter, overlap, misfire, catchUpLimit, expireAfterMs } = job
  const { spreadMs, onLost, pauseAfterFailures } = job
  return {
    ...{ name, tags, payload, priority, timeoutMs, maxAttempts, backoff, backoffBaseMs },
    ...{ backoffCapMs, backoffJitter, overlap, misfire, catchUpLimit, expireAfterMs },
    ...{ spreadMs, onLost, pauseAfterFailures },
    recurrence: job.jobType === 'RECURRING' ? recurrenceOf(job) : null,
    runAt: null,
  }
}

function recurrenceOf(job: StoredRecurrence): StoredRecurrence {
  const { cronExpression, timeZone, dstGap, dstOverlap, everyMs, anchorAt, startAt, endAt } = job
  return { cronExpression, timeZone, dstGap, dstOverlap, everyMs, anchorAt, startAt, endAt }
}

const cron = (cronExpression: string): StoredRecurrence => ({
  ...{ cronExpression, timeZone: 'UTC', dstGap: 'skip', dstOverlap: 'both' },
  ...{ everyMs: null, anchorAt: null, startAt: null, endAt: null },
})

/** A job of each minute whose earliest fire that nobody served was so many minutes ago. */
async function overdue(minutes: number, more: Partial<NewJob> = {}) {
  const now = await fromNow(db, 0)
  const first = instant(now - (now % MINUTE) - minutes * MINUTE)
  const job = await engine.stored(aJob({ trigger: byCron('0 * * * * *', first), ...more }))
  return { jobId: job.jobId, first }
}

const nextHour = (at: number) => at - (at % HOUR) + HOUR

test('the fire to come moves to the next fire time of the new trigger, and the past is on record', async () => {
  const { jobId, first } = await overdue(-2)
  const edited = await edit(jobId, { recurrence: cron('0 0 * * * *') })
  assert.ok(edited.kind === 'done' && edited.changed)
  const job = await engine.job(jobId)
  assert.equal(job.cronExpression, '0 0 * * * *')
  assert.equal(job.version, 2)
  const live = await engine.live()
  assert.deepEqual(
    live.map(run => [run.at % HOUR, run.version, run.reason]),
    [[0, 2, 'FIRE']],
  )
  assert.notEqual(live[0]!.fence, 0)
  assert.ok(live[0]!.at > first - 3 * MINUTE)
  const versions = await engine.triggers(jobId)
  assert.deepEqual(
    versions.map(each => each.cron),
    ['0 * * * * *', '0 0 * * * *'],
  )
  assert.equal(versions[0]!.to, versions[1]!.from)
  assert.deepEqual(await engine.skipped(jobId), [])
})

test('a fire that is due when the trigger changes stays, for all that the old one missed', async () => {
  const { jobId, first } = await overdue(30)
  await edit(jobId, { recurrence: cron('0 0 * * * *') })
  const [versionOne] = await engine.triggers(jobId)
  const latest = versionOne!.to! - (versionOne!.to! % MINUTE)
  const [due, next, ...others] = await engine.live()
  assert.deepEqual([due!.at, due!.version], [latest, 1])
  assert.deepEqual([next!.at, next!.version], [nextHour(latest), 2])
  assert.deepEqual(others, [])
  const count = (latest - first) / MINUTE
  assert.deepEqual(await engine.skipped(jobId), [
    { from: first, to: latest - MINUTE, count, policy: 'MISFIRE', into: latest },
  ])
  const claimed = await engine.claim()
  assert.deepEqual(
    claimed.map(run => run.scheduledAt),
    [latest],
  )
  assert.deepEqual(
    (await engine.live()).map(run => run.at),
    [latest, next!.at],
  )
})

test('a job that is edited while it is paused settles each fire time once when it goes on', async () => {
  const { jobId, first } = await overdue(30)
  await controlJob(db, pausing(null), jobId, alice)
  await edit(jobId, { recurrence: cron('30 * * * * *') })
  assert.ok((await engine.live()).every(run => run.hold === 'PAUSED'))
  const [kept] = await engine.live()
  const [span] = await engine.skipped(jobId)
  assert.deepEqual([span!.from, span!.policy, span!.into], [first, 'PAUSED', kept!.at])
  // The next fire of the new trigger passes too.
  await db.query(sql`update runs_live set due_at = now() - interval '1 ms' where dispatches = 0`)
  const resumed = await controlJob(db, resuming, jobId, alice)
  assert.ok(resumed.kind === 'done')
  assert.equal(resumed.missed, 2)
  const spans = await engine.skipped(jobId)
  const [run] = await engine.live()
  assert.deepEqual(
    spans.map(each => [each.count, each.into]),
    [
      [span!.count, run!.at],
      [1, run!.at],
    ],
  )
})

test('a trigger that never fires changes nothing', async () => {
  const { jobId } = await overdue(-2)
  const ended = { ...cron('0 0 * * * *'), endAt: instant(1) }
  assert.deepEqual(await edit(jobId, { recurrence: ended }), { kind: 'never fires' })
  assert.equal((await engine.job(jobId)).version, 1)
})

test('an edit that was thought for another version changes nothing', async () => {
  const { jobId } = await overdue(-2)
  const stale = await edit(jobId, { name: 'x' }, version => version === 7)
  assert.deepEqual(stale, { kind: 'stale', version: 1 })
  const meant = await edit(jobId, { name: 'x' }, version => version === 1)
  assert.equal(meant.kind, 'done')
  assert.equal((await engine.job(jobId)).name, 'x')
})

test('an edit that changes nothing is no new version', async () => {
  const { jobId } = await overdue(-2)
  const edited = await edit(jobId, {})
  assert.ok(edited.kind === 'done' && !edited.changed)
  assert.equal((await engine.job(jobId)).version, 1)
  assert.equal((await engine.triggers(jobId)).length, 1)
})

test('runs that wait follow the policies, and a replaced payload is kept', async () => {
  const { jobId } = await overdue(-2)
  const [before] = await engine.live()
  const payload = { task: 'generate_report', template: 'x' }
  await edit(jobId, { priority: 'CRITICAL', maxAttempts: 9, expireAfterMs: 5_000, payload })
  const [run] = await engine.live()
  assert.deepEqual(
    [run!.at, run!.priority, run!.expiresAt, run!.fence],
    [before!.at, 0, before!.due + 5_000, before!.fence],
  )
  assert.equal((await engine.triggers(jobId)).length, 1)
  const { rows } = await db.query(
    sql`select version, payload from old_payloads where 'job_' || job_id = ${jobId}`,
  )
  assert.deepEqual(rows, [{ version: 1, payload: { task: 'send_email', template: 'hello' } }])
  assert.deepEqual((await engine.job(jobId)).payload, payload)
})

test('a new spread moves the fire that is to come, on the same grid', async () => {
  const { jobId } = await overdue(-2)
  const spreadMs = HOUR
  const [before] = await engine.live()
  await edit(jobId, { spreadMs })
  const [run] = await engine.live()
  assert.equal(run!.at, before!.at)
  assert.equal(run!.due, before!.at + spreadOffsetMs(jobId, spreadMs))
  assert.equal(run!.wake, run!.due)
})

test('an edit and a claim at once leave one fire to come, whichever is first', async () => {
  for (let round = 0; round < 20; round++) {
    const { jobId } = await overdue(0)
    const [claimed, edited] = await Promise.all([
      engine.claim(10 * MINUTE),
      edit(jobId, { recurrence: cron('0 0 0 1 1 *') }),
    ])
    assert.equal(edited.kind, 'done')
    const live = await engine.live()
    assert.equal(live.length, 2, `${claimed.length} claimed`)
    assert.equal(new Date(live[1]!.at).getUTCMonth(), 0)
  }
})

test('a one-time job moves to a new instant until its run has begun', async () => {
  const soon = await fromNow(db, MINUTE)
  const moved = { at: await fromNow(db, HOUR), microseconds: 250 }
  const { jobId } = await engine.stored(aJob({ trigger: atInstant(soon) }))
  const edited = await edit(jobId, { runAt: moved })
  assert.ok(edited.kind === 'done' && edited.dueInMs > 50 * MINUTE)
  assert.equal((await engine.job(jobId)).nextRunAt, moved.at)
  const past = { at: instant(1), microseconds: 0 }
  assert.deepEqual(await edit(jobId, { runAt: past }), { kind: 'past' })
  await db.query(sql`update runs_live set due_at = now(), wake_at = now()`)
  await engine.start(await engine.claim())
  assert.deepEqual(await edit(jobId, { runAt: moved }), { kind: 'begun', status: 'RUNNING' })
})

test('a paused job is rescheduled, stays paused, and runs at its new instant after it goes on', async () => {
  const { jobId } = await engine.stored(aJob({ trigger: atInstant(await fromNow(db, MINUTE)) }))
  await controlJob(db, pausing('wait'), jobId, alice)
  const at = await fromNow(db, HOUR)
  const moved = await rescheduleJob(db, jobId, alice, { at, microseconds: 0 })
  assert.equal(moved.kind, 'done')
  await passTime(db)
  assert.deepEqual(await engine.claim(), [])
  const versions = await engine.triggers(jobId)
  assert.deepEqual(
    versions.map(each => [each.version, each.state, each.by]),
    [
      [1, 'ACTIVE', 'alice'],
      [2, 'PAUSED', 'alice'],
      [3, 'PAUSED', 'alice'],
    ],
  )
  await controlJob(db, resuming, jobId, alice)
  assert.deepEqual(
    (await engine.live()).map(run => [run.at, run.wake]),
    [[at, at]],
  )
})

test('edits at once are made one after the other, and each is a version', async () => {
  const { jobId } = await overdue(-2)
  const names = Array.from({ length: 8 }, (_, n) => `name ${n}`)
  await Promise.all(names.map(name => edit(jobId, { name })))
  const job = await engine.job(jobId)
  assert.equal(job.version, 9)
  assert.ok(names.includes(job.name!))
})
