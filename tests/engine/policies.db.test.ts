import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import {
  fireTimesOf,
  type Instant,
  instant,
  type JobId,
  spreadOffsetMs,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import {
  createJobs,
  extendLeases,
  type NewJob,
  readJob,
  readRun,
  resolveUnknown,
  type Started,
  sql,
} from '@cronos/store'
import { aJob, atInstant, byCron, byInterval, freshDatabase } from '@cronos/testkit'
import { failed, openByHand, succeeded } from './by-hand.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())
beforeEach(() => db.query(sql`truncate runs, job_definitions, triggers, skipped, attempts`))

const alice = 'alice' as UserId
const engine = openByHand(db, alice)
const MINUTE_MS = 60_000

async function stored(given: Partial<NewJob>): Promise<JobId> {
  const job = aJob({ owner: alice, ...given })
  await createJobs(db, [job])
  return job.jobId
}

/** An interval of ten minutes whose latest fire was due so many milliseconds ago. */
async function aTicker(given: Partial<NewJob> = {}, passed = 1, latestAgoMs = 1_000) {
  const first = instant((await engine.now()) - latestAgoMs - (passed - 1) * 10 * MINUTE_MS)
  const trigger = byInterval(10 * MINUTE_MS, first)
  return { jobId: await stored({ trigger, ...given }), first }
}

async function startOne(): Promise<Started> {
  const [run, ...others] = await engine.startDue()
  assert.ok(run)
  assert.equal(others.length, 0)
  return run
}

/** The next fire of a job comes due now: its row is moved, and its grid with it. */
async function fireNow(jobId: JobId): Promise<void> {
  const { rows } = await db.query<{ ms: number }>(sql`
    select (extract(epoch from scheduled_at - now()) * 1000)::bigint as ms from runs_live
     where job_id = ${uuidOf(jobId)} and status = 'PENDING' and attempt = 0 and due_at > now()`)
  const ms = rows[0]!.ms + 1_000
  const back = sql`
    update job_definitions set anchor_at = anchor_at - interval '1 millisecond' * ${ms}::float8
     where job_id = ${uuidOf(jobId)}`
  await db.query(back)
  await db.query(sql`
    update runs_live
       set scheduled_at = scheduled_at - interval '1 millisecond' * ${ms}::float8,
           due_at = due_at - interval '1 millisecond' * ${ms}::float8,
           wake_at = wake_at - interval '1 millisecond' * ${ms}::float8
     where job_id = ${uuidOf(jobId)} and status = 'PENDING' and attempt = 0 and due_at > now()`)
}

const endLeases = () =>
  db.query(sql`update runs_live set wake_at = now() where wake_at is not null`)
const liveOf = async (jobId: JobId) =>
  (await engine.runsOf(jobId)).filter(run => run.finishedAt === null)
const jobOf = async (jobId: JobId) => (await readJob(db, jobId, alice))!

test('a job by interval recurs on its grid', async () => {
  const { jobId, first } = await aTicker()
  await engine.end(await startOne(), succeeded)
  assert.deepEqual(
    (await liveOf(jobId)).map(run => run.scheduledAt),
    [first + 10 * MINUTE_MS],
  )
})

test('a recurring job has no fire after the end of its window, and is COMPLETED', async () => {
  const first = instant((await engine.now()) - 1_000)
  const endAt = instant(first + 10 * MINUTE_MS)
  const trigger = { ...byInterval(10 * MINUTE_MS, first), endAt } as NewJob['trigger']
  const jobId = await stored({ trigger })
  await engine.end(await startOne(), succeeded)
  assert.deepEqual(await liveOf(jobId), [])
  assert.equal((await jobOf(jobId)).status, 'COMPLETED')
})

test('spread moves each fire of a job by the same offset, and its fire times stay on the grid', async () => {
  const spreadMs = 5 * MINUTE_MS
  const { jobId, first } = await aTicker({ spreadMs }, 1, spreadMs + 1_000)
  const offset = spreadOffsetMs(jobId, spreadMs)
  await engine.end(await startOne(), succeeded)
  const [next, fired] = await engine.runsOf(jobId)
  assert.deepEqual([fired?.scheduledAt, fired?.dueAt], [first, first + offset])
  assert.equal(next?.scheduledAt, first + 10 * MINUTE_MS)
  assert.equal(next?.dueAt, first + 10 * MINUTE_MS + offset)
})

test('a one-time run that was not started in time is expired, and its job FAILED by that policy', async () => {
  const at = instant((await engine.now()) - 10_000)
  const jobId = await stored({ trigger: atInstant(at), expireAfterMs: 5_000 })
  assert.deepEqual(await engine.startDue(), [])
  assert.deepEqual(await engine.skippedOf(jobId), [
    { from: at, to: at, count: 1, policy: 'EXPIRED', into: null },
  ])
  const job = await jobOf(jobId)
  assert.equal(job.status, 'FAILED')
  assert.match(job.failureReason!, /expired/)
  assert.ok(job.failedAt)
  assert.deepEqual(await engine.runsOf(jobId), [])
})

test('a run that expires while its event is on the way starts no more, and one that has started goes on', async () => {
  const jobId = await stored({ expireAfterMs: 60_000 })
  await engine.turn()
  await db.query(
    sql`update runs_live set expires_at = now() - interval '1 second', wake_at = now()`,
  )
  assert.deepEqual(await engine.turns(), [])
  assert.equal((await engine.skippedOf(jobId))[0]?.policy, 'EXPIRED')

  const other = await stored({ expireAfterMs: 60_000 })
  const run = await startOne()
  await db.query(sql`update runs_live set expires_at = now() - interval '1 second'`)
  await engine.end(run, failed)
  await endLeases()
  assert.equal((await startOne()).attempt, 2)
  assert.deepEqual(await engine.skippedOf(other), [])
})

test('expired fires of a recurring job are one record, and a younger one runs', async () => {
  const { jobId, first } = await aTicker({ expireAfterMs: 16 * MINUTE_MS }, 7, 5 * MINUTE_MS)
  const run = await startOne()
  const at = (n: number) => first + n * 10 * MINUTE_MS
  assert.equal(run.scheduledAt, at(5))
  assert.deepEqual(await engine.skippedOf(jobId), [
    { from: at(0), to: at(4), count: 5, policy: 'EXPIRED', into: null },
    { from: at(6), to: at(6), count: 1, policy: 'MISFIRE', into: at(5) },
  ])
})

test('a one-time job that wants no late run is skipped by its misfire policy when it is late', async () => {
  const at = instant((await engine.now()) - 2 * MINUTE_MS)
  const jobId = await stored({ trigger: atInstant(at), misfire: 'skip' })
  const late = await stored({ trigger: atInstant(at) })
  assert.equal((await startOne()).jobId, late)
  assert.equal((await engine.skippedOf(jobId))[0]?.policy, 'MISFIRE')
  const job = await jobOf(jobId)
  assert.equal(job.status, 'FAILED')
  assert.match(job.failureReason!, /misfire/)
})

test('catch_up runs the latest missed fires and skips those beyond its limit', async () => {
  const { jobId, first } = await aTicker({ misfire: 'catch_up', catchUpLimit: 3 }, 7, 5 * MINUTE_MS)
  const at = (n: number) => first + n * 10 * MINUTE_MS
  const ran: [number, string][] = []
  for (;;) {
    const [run] = await engine.startDue()
    if (run === undefined) break
    ran.push([run.scheduledAt, run.reason])
    assert.deepEqual(await engine.startDue(), [], 'one at a time')
    await engine.end(run, succeeded)
  }
  assert.deepEqual(ran, [
    [at(4), 'CATCH_UP'],
    [at(5), 'CATCH_UP'],
    [at(6), 'CATCH_UP'],
  ])
  assert.deepEqual(await engine.skippedOf(jobId), [
    { from: at(0), to: at(3), count: 4, policy: 'MISFIRE', into: null },
  ])
})

test('a queued fire waits no longer than five seconds for its wake-up, should nobody give it one', async () => {
  const { jobId } = await aTicker({ overlap: 'queue' })
  const going = await startOne()
  await fireNow(jobId)
  assert.deepEqual(await engine.startDue(), [])
  const { rows } = await db.query<{ soon: boolean }>(sql`
    select wake_at <= now() + interval '5 seconds' as soon from runs_live
     where status = 'PENDING' and due_at <= now()`)
  assert.deepEqual(rows, [{ soon: true }])

  // The one who finishes finds the queued run locked, passes it by, and must not wait for it.
  const locked = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()
  const other = db.transaction(async tx => {
    await tx.query(sql`
      select from runs_live where status = 'PENDING' and due_at <= now() for update`)
    locked.resolve()
    await finished.promise
  })
  await locked.promise
  assert.ok(await engine.end(going, succeeded))
  finished.resolve()
  await other
  await endLeases() // five seconds later
  assert.equal((await startOne()).jobId, jobId)
})

test('queued fires run in their order, one at a time', async () => {
  const { jobId } = await aTicker({ overlap: 'queue' })
  let going = await startOne()
  const fires: Instant[] = []
  for (let n = 0; n < 3; n++) {
    await fireNow(jobId)
    await db.query(sql`
      update runs_live set scheduled_at = scheduled_at + interval '1 millisecond' * ${n}::int
       where status = 'PENDING' and due_at <= now() and wake_at <= now()`)
    assert.deepEqual(await engine.startDue(), [])
  }
  await endLeases()
  await db.query(
    sql`update runs_live set wake_at = now() + interval '1 hour' where status = 'RUNNING'`,
  )
  assert.deepEqual(await engine.startDue(), [], 'a look at those that wait changes nothing')
  for (let n = 0; n < 3; n++) {
    await engine.end(going, succeeded)
    going = await startOne()
    fires.push(going.scheduledAt)
  }
  assert.deepEqual(fires, fires.toSorted())
  assert.equal(new Set(fires).size, 3)
})

test('a run that waits for its retry stands in the way of the next fire too', async () => {
  const { jobId } = await aTicker()
  await engine.end(await startOne(), failed)
  await fireNow(jobId)
  assert.deepEqual(await engine.startDue(), [])
  assert.equal((await engine.skippedOf(jobId))[0]?.policy, 'OVERLAP')
})

test('a run that somebody started by hand overlaps nothing, and stands in the way of the next fire', async () => {
  const { jobId } = await aTicker()
  await startOne()
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                           reason, owner)
    select job_id, date_trunc('milliseconds', now()), now(), now(), 3, true, 'PENDING', 'MANUAL',
           created_by
      from job_definitions where job_id = ${uuidOf(jobId)}`)
  const manual = await startOne()
  assert.equal(manual.reason, 'MANUAL')
  await db.query(sql`delete from runs_live where reason = 'FIRE' and status = 'RUNNING'`)
  await fireNow(jobId)
  assert.deepEqual(await engine.startDue(), [])
  assert.equal((await engine.skippedOf(jobId))[0]?.policy, 'OVERLAP')
})

test('retries wait as the job says, and an edit counts from the next attempt on', async () => {
  const jobId = await stored({
    ...{ backoff: 'linear', backoffBaseMs: 600_000, backoffCapMs: 900_000, backoffJitter: 0 },
    maxAttempts: 5,
  })
  const waitMs = async () => {
    const { rows } = await db.query<{ ms: number }>(sql`
      select extract(epoch from wake_at - now())::float8 * 1000 as ms from runs_live`)
    return rows[0]!.ms
  }
  await engine.end(await startOne(), failed)
  const first = await waitMs()
  assert.ok(first > 500_000 && first <= 600_000, `${first} ms`)
  await endLeases()
  const second = await startOne()
  await db.query(sql`
    update job_definitions set backoff = 'fixed', backoff_base_ms = 60000, max_attempts = 2,
           timeout_ms = 1234 where job_id = ${uuidOf(jobId)}`)
  await engine.end(second, failed)
  const capped = await waitMs()
  assert.ok(capped > 800_000 && capped <= 900_000, `${capped} ms`)
  await endLeases()
  const third = await startOne()
  assert.deepEqual([third.maxAttempts, third.timeoutMs, third.backoff], [2, 1_234, 'fixed'])
  await engine.end(third, failed)
  assert.equal((await jobOf(jobId)).status, 'FAILED')
})

test('a lost attempt is held for a person where the job says so, and each answer ends the wait', async () => {
  for (const answer of ['retry', 'succeeded', 'failed'] as const) {
    const jobId = await stored({ onLost: 'hold', maxAttempts: 1 })
    const run = await startOne()
    await endLeases()
    assert.deepEqual(await engine.turns(), [])
    const held = (await liveOf(jobId))[0]!
    assert.equal(held.status, 'PENDING')
    assert.equal((await jobOf(jobId)).status, 'RUNNING')
    assert.equal(await engine.end(run, succeeded), false, 'its executor is fenced out')
    const stranger = 'mallory' as UserId
    assert.equal((await resolveUnknown(db, held, stranger, 'retry')).kind, 'unknown')
    assert.equal((await resolveUnknown(db, held, alice, answer)).kind, 'done')
    assert.equal((await resolveUnknown(db, held, alice, answer)).kind, 'refused')
    const details = await readRun(db, held, alice)
    assert.equal(details?.attempts[0]?.outcome, 'LOST')
    if (answer === 'retry') await engine.end(await startOne(), succeeded)
    const status = answer === 'failed' ? 'FAILED' : 'COMPLETED'
    assert.equal((await jobOf(jobId)).status, status)
  }
})

test('a run that is held for a person stands in the way of the next fire', async () => {
  const { jobId } = await aTicker({ onLost: 'hold', overlap: 'queue' })
  const run = await startOne()
  await db.query(sql`update runs_live set wake_at = now() where status = 'RUNNING'`)
  assert.deepEqual(await engine.turns(), [])
  await fireNow(jobId)
  assert.deepEqual(await engine.startDue(), [])
  assert.equal((await resolveUnknown(db, run, alice, 'succeeded')).kind, 'done')
  assert.equal((await startOne()).jobId, jobId)
})

test('so many failures in a row pause a recurring job; cancelled runs are not counted', async () => {
  const { jobId } = await aTicker({ pauseAfterFailures: 2, maxAttempts: 1 })
  const outcomes = [failed, succeeded, failed, { kind: 'cancelled' }, failed] as const
  for (const [index, outcome] of outcomes.entries()) {
    assert.equal((await jobOf(jobId)).status, 'SCHEDULED', `before run ${index}`)
    await engine.end(await startOne(), outcome)
    if (index < outcomes.length - 1) await fireNow(jobId)
  }
  const job = await jobOf(jobId)
  assert.equal(job.status, 'PAUSED')
  assert.match(job.pauseNote!, /latest 2 runs failed/)
  await endLeases()
  assert.deepEqual(await engine.turns(), [])
  const { rows } = await db.query<{ state: string; by: string | null; open: boolean }>(sql`
    select state, made_by as by, valid_to is null as open from triggers
     where job_id = ${uuidOf(jobId)} order by version`)
  assert.deepEqual(rows.at(-1), { state: 'PAUSED', by: null, open: true })
  assert.equal(rows.length, 2)
})

test('runs whose executors vanished count among the failures that pause a job', async () => {
  const { jobId } = await aTicker({ pauseAfterFailures: 1, maxAttempts: 1 })
  await startOne()
  await db.query(sql`update runs_live set wake_at = now() where status = 'RUNNING'`)
  await engine.turns()
  assert.equal((await jobOf(jobId)).status, 'PAUSED')
})

const askToCancel = (jobId: JobId) =>
  db.query(sql`
    update runs_live set cancel_at = now() + interval '10 seconds'
     where job_id = ${uuidOf(jobId)} and status = 'RUNNING'`)

test('a heartbeat hears of a cancel, and keeps the lease no longer than the grace', async () => {
  const jobId = await stored({})
  const run = await startOne()
  const lease = { leaseMs: 600_000, graceMs: 1_000 }
  assert.equal((await extendLeases(db, [run], lease))[0]?.isCancelled, false)
  await askToCancel(jobId)
  assert.equal((await extendLeases(db, [run], lease))[0]?.isCancelled, true)
  const { rows } = await db.query<{ bounded: boolean }>(
    sql`select wake_at <= cancel_at as bounded from runs_live`,
  )
  assert.deepEqual(rows, [{ bounded: true }])
})

test('a cancelled run is on record as CANCELLED, however its attempt ended', async () => {
  for (const outcome of [failed, { kind: 'cancelled' }, { kind: 'handed back' }] as const) {
    const jobId = await stored({})
    const run = await startOne()
    await askToCancel(jobId)
    assert.ok(await engine.end(run, outcome))
    assert.equal((await engine.runsOf(jobId))[0]?.status, 'CANCELLED')
    assert.equal((await jobOf(jobId)).status, 'CANCELLED')
  }
  const done = await stored({})
  const run = await startOne()
  await askToCancel(done)
  await engine.end(run, succeeded)
  assert.equal((await jobOf(done)).status, 'COMPLETED', 'it had done its work before it heard')
})

test('a cancelled run whose executor says nothing until the grace is over is CANCELLED and fenced', async () => {
  const jobId = await stored({ onLost: 'hold' })
  const run = await startOne()
  await askToCancel(jobId)
  await endLeases()
  await engine.turns()
  assert.equal((await jobOf(jobId)).status, 'CANCELLED')
  assert.equal(await engine.end(run, succeeded), false)
})

test('a failing attempt of a job that was paused meanwhile is held, not lost', async () => {
  const jobId = await stored({})
  const run = await startOne()
  await db.query(sql`update job_definitions set state = 'PAUSED', paused_at = now()`)
  await engine.end(run, failed)
  const { rows } = await db.query(sql`select hold, wake_at as wake from runs_live`)
  assert.deepEqual(rows, [{ hold: 'PAUSED', wake: null }])
  assert.deepEqual(await engine.turns(), [])
  assert.equal((await jobOf(jobId)).status, 'PAUSED')
})

test('who records a failing attempt waits for whoever is pausing its job', async () => {
  await stored({})
  const run = await startOne()
  const locked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const pause = db.transaction(async tx => {
    await tx.query(sql`update job_definitions set state = 'PAUSED', paused_at = now()`)
    locked.resolve()
    await go.promise
  })
  await locked.promise
  const end = engine.end(run, failed)
  go.resolve()
  await Promise.all([pause, end])
  const { rows } = await db.query(sql`select hold from runs_live`)
  assert.deepEqual(rows, [{ hold: 'PAUSED' }])
})

test('an attempt that fails after its job has ended is not tried again', async () => {
  const jobId = await stored({ trigger: byCron('0 0 0 * * *', await engine.now()) })
  const run = await startOne()
  await db.query(sql`
    update job_definitions set state = 'FAILED', failure_reason = 'broken', failed_at = now()`)
  await engine.end(run, failed)
  assert.deepEqual(
    (await engine.runsOf(jobId)).filter(each => each.scheduledAt === run.scheduledAt).length,
    1,
  )
  await endLeases()
  assert.equal((await readRun(db, run, alice))?.status, 'CANCELLED')
})

test('a recurring job whose run used its attempts up goes on, with the run among the dead letters', async () => {
  const { jobId } = await aTicker({ maxAttempts: 1 })
  const run = await startOne()
  await engine.end(run, failed)
  const job = await jobOf(jobId)
  assert.deepEqual([job.status, job.failureReason], ['SCHEDULED', 'no route'])
  const { rowCount } = await db.query(
    sql`select from runs_done where status = 'FAILED' and dlt_at is null`,
  )
  assert.equal(rowCount, 1)
})

test('a replay with a payload of its own gets that, and its job’s policies', async () => {
  const jobId = await stored({})
  await engine.end(await startOne(), succeeded)
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                           reason, owner, payload)
    select job_id, date_trunc('milliseconds', now()), now(), now(), 3, false, 'PENDING', 'REPLAY',
           created_by, '{"task":"other"}'
      from job_definitions where job_id = ${uuidOf(jobId)}`)
  assert.deepEqual((await startOne()).payload, { task: 'other' })
})

test('a job that catches up runs each fire time that was missed, and no other', async () => {
  const { jobId, first } = await aTicker({ misfire: 'catch_up' }, 4, MINUTE_MS)
  const ran: number[] = []
  for (let runs = await engine.startDue(); runs.length > 0; runs = await engine.startDue()) {
    ran.push(...runs.map(run => run.scheduledAt))
    for (const run of runs) await engine.end(run, succeeded)
  }
  const { everyMs, anchorAt } = await jobOf(jobId)
  const window = { startAt: null, endAt: null }
  const recurrence = { kind: 'every', everyMs: everyMs!, anchorAt: anchorAt!, ...window } as const
  assert.deepEqual(ran, [...fireTimesOf(recurrence, first, await engine.now())])
})
