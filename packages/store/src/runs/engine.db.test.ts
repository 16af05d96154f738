import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  afterAttempt,
  type Fence,
  type Instant,
  instant,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import { aJob, atInstant, byCron, freshDatabase, fromNow, passTime } from '@cronos/testkit'
import {
  type Announced,
  type Claimed,
  type ClaimOptions,
  cancelJob,
  cancelRun,
  claimRuns,
  createJobs,
  type Ended,
  extendLeases,
  hasSeveralOwners,
  insertNextFires,
  listJobs,
  type NewJob,
  readCapacity,
  readJob,
  readNextWake,
  readRun,
  readSpareSlots,
  recordAttempts,
  recoverLost,
  releaseRuns,
  reportExecutor,
  rescheduleJob,
  type Started,
  sql,
  startRuns,
} from '../index.ts'
import { finishRuns } from './finish.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const anyStatus = { status: null, jobType: null, from: null, to: null }

async function claim(options: Partial<ClaimOptions> = {}): Promise<Claimed[]> {
  return db.transaction(tx =>
    claimRuns(tx, { limit: 100, dispatchLeaseMs: 5_000, takeOver: true, ...options }),
  )
}

async function start(
  claimed: readonly Claimed[],
  executor = 'one',
  told: Pick<Announced, 'publishedAt'> = {},
): Promise<Started[]> {
  const events = claimed.map(run => ({ ...run, attempt: run.attempt + 1, ...told }))
  return startRuns(db, events, { executor, leaseMs: 10_000, again: false })
}

function ended(run: Started, outcome: Parameters<typeof afterAttempt>[1]): Ended {
  const retry = { baseMs: 1_000, capMs: 60_000, maxAttempts: run.maxAttempts }
  const next = afterAttempt({ attempt: run.attempt, retry }, outcome, 0)
  const failed = outcome.kind === 'failed' || outcome.kind === 'lost'
  const { jobId, scheduledAt, fence } = run
  return {
    ...{ jobId, scheduledAt, fence, next },
    error: failed ? { message: outcome.reason } : null,
    output: null,
    failsJob: run.recurring && outcome.kind === 'failed' && outcome.permanent,
  }
}

const transient = { kind: 'failed', reason: 'no route', permanent: false } as const

/** Clears the queue, so that a test sees its own runs alone. */
async function empty(): Promise<void> {
  await db.query(sql`delete from runs_live`)
}

async function stored(job: NewJob): Promise<NewJob> {
  await empty()
  await createJobs(db, [job])
  return job
}

test('an immediate job is due when it is stored, and runs from claim to record', async () => {
  const job = await stored(aJob())
  assert.equal((await readJob(db, job.jobId, alice))?.status, 'SCHEDULED')
  const claimed = await claim()
  assert.deepEqual(
    claimed.map(run => [run.jobId, run.was, run.fence]),
    [[job.jobId, 'PENDING', 1]],
  )
  assert.equal((await readJob(db, job.jobId, alice))?.status, 'RUNNING')
  const [run] = await start(claimed)
  assert.equal(run?.attempt, 1)
  assert.deepEqual(run?.payload, job.payload)
  assert.equal((await recordAttempts(db, [ended(run!, { kind: 'succeeded' })])).length, 1)
  const done = await readJob(db, job.jobId, alice)
  assert.equal(done?.status, 'COMPLETED')
  assert.equal(done?.attempts, 1)
})

test('claims and results wait for the disk, a start alone does not', async () => {
  await stored(aJob())
  await db.transaction(async tx => {
    const commitsAs = async () => {
      const { rows } = await tx.query<{ as: string }>(sql`
        select current_setting('synchronous_commit') as as`)
      return rows[0]!.as
    }
    await tx.query(sql`set local synchronous_commit = on`)
    const [run] = await claimRuns(tx, { limit: 1, dispatchLeaseMs: 5_000, takeOver: true })
    assert.equal(await commitsAs(), 'on')
    const [begun] = await startRuns(tx, [{ ...run!, attempt: 1 }], {
      ...{ executor: 'one', leaseMs: 10_000, again: false },
    })
    assert.equal(await commitsAs(), 'off')
    await tx.query(sql`set local synchronous_commit = on`)
    await finishRuns(tx, [ended(begun!, { kind: 'succeeded' })])
    assert.equal(await commitsAs(), 'on')
  })
})

test('a run that is on record already under its key fails no other result of its batch', async () => {
  await empty()
  const jobs = [aJob(), aJob()]
  await createJobs(db, jobs)
  const runs = await start(await claim())
  const [odd, even] = [runs[0]!, runs[1]!]
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, fence, job_version, attempt,
                           max_attempts, dispatches, lost, priority, done, recurring, status, reason,
                           owner)
    select job_id, scheduled_at, due_at, now(), fence + 7, job_version, 1, max_attempts, 1, 0,
           priority, true, recurring, 'SUCCEEDED', reason, owner
      from runs_live where job_id = ${uuidOf(odd.jobId)}`)
  const recorded = await recordAttempts(
    db,
    [odd, even].map(run => ended(run, { kind: 'succeeded' })),
  )
  assert.deepEqual(
    recorded.map(run => run.jobId),
    [even.jobId],
  )
  assert.equal((await readJob(db, even.jobId, alice))?.status, 'COMPLETED')
})

test('a run is not claimed before its fire time', async () => {
  await stored(aJob({ trigger: atInstant(await fromNow(db, 60_000)) }))
  assert.deepEqual(await claim(), [])
})

test('two schedulers that claim at once share what is due', async () => {
  await empty()
  await createJobs(
    db,
    Array.from({ length: 200 }, () => aJob()),
  )
  const claims = await Promise.all(Array.from({ length: 8 }, () => claim({ limit: 50 })))
  const ids = claims.flat().map(run => run.jobId)
  assert.equal(new Set(ids).size, ids.length)
  const rest = await claim({ limit: 200 })
  assert.equal(ids.length + rest.length, 200)
})

test('urgent runs are claimed first, and the others keep a share', async () => {
  await empty()
  const of = (priority: NewJob['priority']) => Array.from({ length: 100 }, () => aJob({ priority }))
  const low = of('LOW')
  const critical = of('CRITICAL')
  await createJobs(db, [...low, ...critical])
  const claimed = (await claim({ limit: 100 })).map(run => run.jobId)
  const lows = new Set(low.map(job => job.jobId))
  const lowClaimed = claimed.filter(id => lows.has(id)).length
  assert.equal(claimed.length, 100)
  assert.equal(lowClaimed, 5)
  assert.ok(!lows.has(claimed[0]!))
})

test('an event that comes twice starts its run once', async () => {
  await stored(aJob())
  const claimed = await claim()
  const answers = await Promise.all([start(claimed, 'one'), start(claimed, 'two')])
  assert.equal(answers.flat().length, 1)
})

test('an executor whose start was answered to nobody may ask again', async () => {
  await stored(aJob())
  const events = (await claim()).map(run => ({ ...run, attempt: run.attempt + 1 }))
  const options = { executor: 'one', leaseMs: 10_000 }
  const [first] = await startRuns(db, events, { ...options, again: false })
  const [again] = await startRuns(db, events, { ...options, again: true })
  assert.equal(again?.attempt, 1)
  assert.equal(again?.fence, first?.fence)
})

test('an event without a fence starts only the attempt that it names', async () => {
  await stored(aJob())
  const claimed = await claim()
  const named = (attempt: number) => claimed.map(run => ({ ...run, attempt, fence: null }))
  const options = { executor: 'one', leaseMs: 10_000, again: false }
  assert.equal((await startRuns(db, named(2), options)).length, 0)
  assert.equal((await startRuns(db, named(1), options)).length, 1)
})

test('a lost event is dispatched again with a higher fence, and the old event starts nothing', async () => {
  await stored(aJob())
  const first = await claim()
  await passTime(db)
  const second = await claim()
  assert.equal(second[0]?.was, 'DISPATCHED')
  assert.equal(second[0]?.attempt, 0)
  assert.ok(second[0]!.fence > first[0]!.fence)
  assert.deepEqual(await start(first), [])
  assert.equal((await start(second)).length, 1)
})

test('a run whose executor vanished gets its next attempt, and the lost one is on record', async () => {
  const job = await stored(aJob())
  const [run] = await start(await claim())
  await passTime(db)
  await db.transaction(async tx => {
    const [lost] = await claimRuns(tx, { limit: 10, dispatchLeaseMs: 5_000, takeOver: true })
    assert.equal(lost?.was, 'RUNNING')
    assert.equal(lost?.executor, 'one')
    const outcome = { kind: 'lost', reason: 'vanished' } as const
    await recoverLost(tx, [ended({ ...run!, ...lost! } as Started, outcome)])
  })
  assert.deepEqual(await recordAttempts(db, [ended(run!, { kind: 'succeeded' })]), [])
  const seen = await readRun(db, { jobId: job.jobId, scheduledAt: run!.scheduledAt }, alice)
  assert.equal(seen?.status, 'PENDING')
  assert.deepEqual(
    seen?.attempts.map(({ attempt, outcome, fence }) => ({ attempt, outcome, fence })),
    [{ attempt: 1, outcome: 'LOST', fence: run!.fence }],
  )
})

const instantsOf = async ({ jobId, scheduledAt }: Started) => {
  const seen = await readRun(db, { jobId, scheduledAt }, alice)
  return [seen!.claimedAt!, seen!.publishedAt!, seen!.startedAt!] as const
}

test('a run keeps when its latest attempt was published', async () => {
  await stored(aJob({ maxAttempts: 2 }))
  const [claimed] = await claim()
  const publishedAt = await fromNow(db, 0)
  const [first] = await start([claimed!], 'one', { publishedAt })
  assert.equal((await instantsOf(first!))[1], publishedAt)
  await recordAttempts(db, [ended(first!, transient)])
  assert.equal((await instantsOf(first!))[1], null)

  await passTime(db)
  const again = await claim()
  const publishedAgainAt = await fromNow(db, 0)
  const [second] = await start(again, 'one', { publishedAt: publishedAgainAt })
  assert.equal((await instantsOf(second!))[1], publishedAgainAt)
  await recordAttempts(db, [ended(second!, { kind: 'succeeded' })])
  assert.equal((await instantsOf(second!))[1], publishedAgainAt)
})

test('a run is shown as published neither before it was claimed nor after it started', async () => {
  for (const beside of [-60_000, 60_000]) {
    await stored(aJob())
    const [run] = await start(await claim(), 'one', { publishedAt: await fromNow(db, beside) })
    const [claimedAt, publishedAt, startedAt] = await instantsOf(run!)
    assert.equal(publishedAt, beside < 0 ? claimedAt : startedAt)
  }
})

test('of events of which some tell when they were published each run has its own', async () => {
  await empty()
  await createJobs(db, [aJob(), aJob(), aJob()])
  const claimed = await claim()
  const publishedAt = await fromNow(db, 0)
  const events = claimed.map((run, index) => ({
    ...{ ...run, attempt: 1 },
    ...(index === 1 && { publishedAt }),
  }))
  const started = await startRuns(db, events, { executor: 'one', leaseMs: 10_000, again: false })
  for (const run of started)
    assert.equal((await instantsOf(run))[1], run.jobId === claimed[1]!.jobId ? publishedAt : null)
})

test('a run whose last attempt was lost still shows when that was claimed and published', async () => {
  await stored(aJob({ maxAttempts: 1 }))
  const [claimed] = await claim()
  const [run] = await start([claimed!], 'one', { publishedAt: await fromNow(db, 0) })
  const before = await instantsOf(run!)
  await passTime(db)
  await db.transaction(async tx => {
    const [lost] = await claimRuns(tx, { limit: 10, dispatchLeaseMs: 5_000, takeOver: true })
    const outcome = { kind: 'lost', reason: 'vanished' } as const
    await recoverLost(tx, [ended({ ...run!, ...lost! } as Started, outcome)])
  })
  assert.equal((await readJob(db, run!.jobId, alice))?.status, 'FAILED')
  assert.deepEqual(await instantsOf(run!), before)
})

test('a run that is cancelled while it goes on keeps when it was published', async () => {
  const job = await stored(aJob())
  const [run] = await start(await claim(), 'one', { publishedAt: await fromNow(db, 0) })
  const before = await instantsOf(run!)
  await cancelRun(db, { jobId: job.jobId, scheduledAt: run!.scheduledAt }, alice, 60_000)
  await recordAttempts(db, [ended(run!, transient)])
  assert.equal((await readJob(db, job.jobId, alice))?.status, 'CANCELLED')
  assert.deepEqual(await instantsOf(run!), before)
})

test('a scheduler that was away itself takes over no running attempt', async () => {
  await stored(aJob())
  await start(await claim())
  await passTime(db)
  assert.deepEqual(await claim({ takeOver: false }), [])
  assert.equal((await readNextWake(db, { takeOver: false })).inMs, null)
  assert.equal((await readNextWake(db, { takeOver: true })).inMs, 0)
})

test('a failed attempt waits for its retry, and the job is RUNNING meanwhile', async () => {
  const job = await stored(aJob({ maxAttempts: 2 }))
  const [first] = await start(await claim())
  await recordAttempts(db, [ended(first!, transient)])
  assert.equal((await readJob(db, job.jobId, alice))?.status, 'RUNNING')
  assert.deepEqual(await claim(), [])
  await passTime(db)
  const [second] = await start(await claim())
  assert.equal(second?.attempt, 2)
  await recordAttempts(db, [ended(second!, transient)])
  const failed = await readJob(db, job.jobId, alice)
  assert.equal(failed?.status, 'FAILED')
  assert.equal(failed?.failureReason, 'no route')
  assert.equal(failed?.attempts, 2)
  assert.ok(failed?.failedAt)
})

/** As a crash of the database leaves a run whose start had not reached the disk. */
async function forgetStart({ jobId }: Started): Promise<void> {
  await db.query(sql`
    update runs_live
       set status = 'DISPATCHED', attempt = attempt - 1, started_at = null, executor = null,
           deadline_at = null, wake_at = now() + interval '5 seconds'
     where job_id = ${uuidOf(jobId)}`)
}

test('an attempt whose start the database forgot in a crash is held, and recorded as begun', async () => {
  const job = await stored(aJob())
  const [run] = await start(await claim())
  await forgetStart(run!)
  assert.equal((await extendLeases(db, [run!], { leaseMs: 60_000, graceMs: 1_000 })).length, 1)
  assert.equal((await recordAttempts(db, [ended(run!, { kind: 'succeeded' })])).length, 1)
  const done = await readJob(db, job.jobId, alice)
  assert.equal(done?.status, 'COMPLETED')
  assert.equal(done?.attempts, 1)
})

test('a failed attempt whose start the database forgot in a crash counts', async () => {
  const job = await stored(aJob())
  const [run] = await start(await claim())
  await forgetStart(run!)
  const failure = ended(run!, { kind: 'failed', reason: 'away', permanent: false })
  assert.equal((await recordAttempts(db, [failure])).length, 1)
  await passTime(db)
  const [again] = await start(await claim())
  assert.equal(again?.attempt, 2)
  const seen = await readRun(db, { jobId: job.jobId, scheduledAt: again!.scheduledAt }, alice)
  assert.deepEqual(
    seen?.attempts.map(each => [each.attempt, each.outcome]),
    [
      [1, 'FAILED'],
      [2, 'RUNNING'],
    ],
  )
})

test('an attempt that was handed back does not count', async () => {
  const job = await stored(aJob())
  const [first] = await start(await claim())
  await recordAttempts(db, [ended(first!, { kind: 'handed back' })])
  const [again] = await start(await claim())
  assert.equal(again?.attempt, 1)
  const seen = await readRun(db, { jobId: job.jobId, scheduledAt: again!.scheduledAt }, alice)
  assert.deepEqual(
    seen?.attempts.map(each => each.outcome),
    ['HANDED_BACK', 'RUNNING'],
  )
})

test('a result whose answer was lost may be recorded again', async () => {
  await stored(aJob())
  const [run] = await start(await claim())
  const result = ended(run!, { kind: 'succeeded' })
  assert.equal((await recordAttempts(db, [result])).length, 1)
  assert.equal((await recordAttempts(db, [result])).length, 1)
})

test('a heartbeat keeps the leases it names and answers which are still held', async () => {
  await stored(aJob())
  const [run] = await start(await claim())
  const stale = { ...run!, fence: (run!.fence - 1) as Fence }
  const kept = await extendLeases(db, [run!, stale], { leaseMs: 60_000, graceMs: 1_000 })
  assert.deepEqual(
    kept.map(each => each.fence),
    [run!.fence],
  )
  const nextMs = (await readNextWake(db, { takeOver: true })).inMs
  assert.ok(nextMs! > 50_000, `the lease ends in ${nextMs} ms`)
})

test('no heartbeat moves a lease past the deadline of its attempt', async () => {
  await stored(aJob({ timeoutMs: 20_000 }))
  const [run] = await start(await claim())
  await extendLeases(db, [run!], { leaseMs: 600_000, graceMs: 1_000 })
  const nextMs = (await readNextWake(db, { takeOver: true })).inMs
  assert.ok(nextMs! <= 21_000, `the lease ends in ${nextMs} ms`)
})

test('a run that the bus did not take is due again', async () => {
  await stored(aJob())
  assert.equal(await releaseRuns(db, await claim(), 0), 1)
  assert.equal((await claim()).length, 1)
})

test('a run that the bus refused again and again is not left alone for long when it takes it', async () => {
  await stored(aJob())
  for (let refused = 0; refused < 6; refused++) await releaseRuns(db, await claim(), 0)
  await claim()
  const leaseMs = (await readNextWake(db, { takeOver: true })).inMs
  assert.ok(leaseMs! <= 10_000, `the dispatch lease ends in ${leaseMs} ms`)
})

test('a recurring job has its next fire before the one at hand is dispatched', async () => {
  const at = await fromNow(db, -1_000)
  const job = await stored(aJob({ trigger: byCron('* * * * * *', at) }))
  const claimed = await db.transaction(async tx => {
    const claimed = await claimRuns(tx, { limit: 10, dispatchLeaseMs: 5_000, takeOver: true })
    const nextAt = instant(claimed[0]!.now + 60_000)
    await insertNextFires(
      tx,
      claimed.map(run => ({ ...run, nextAt })),
      'test',
    )
    return claimed
  })
  assert.equal(claimed[0]?.job?.cronExpression, '* * * * * *')
  const running = await readJob(db, job.jobId, alice)
  assert.equal(running?.status, 'RUNNING')
  assert.equal(running?.nextRunAt, claimed[0]!.now + 60_000)
  const [run] = await start(claimed)
  await recordAttempts(db, [ended(run!, { kind: 'succeeded' })])
  const waiting = await readJob(db, job.jobId, alice)
  assert.equal(waiting?.status, 'SCHEDULED')
  assert.equal(waiting?.attempts, 0)
})

test('a fire is left as it is while somebody changes its job', async () => {
  const job = await stored(aJob({ trigger: byCron('* * * * * *', await fromNow(db, -1_000)) }))
  const changing = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const change = db.transaction(async tx => {
    await tx.query(sql`select from job_definitions where created_by = ${job.owner} for update`)
    changing.resolve()
    await done.promise
  })
  await changing.promise
  assert.deepEqual(await claim(), [])
  done.resolve()
  await change
  assert.equal((await claim())[0]?.fence, 1)
})

test('a permanent failure ends a recurring job, and its next fire never starts', async () => {
  const job = await stored(aJob({ trigger: byCron('* * * * * *', await fromNow(db, -1_000)) }))
  const claimed = await claim()
  await db.transaction(tx =>
    insertNextFires(
      tx,
      claimed.map(run => ({ ...run, nextAt: instant(run.now + 1) })),
      'test',
    ),
  )
  const [run] = await start(claimed)
  const permanent = { kind: 'failed', reason: 'no such task', permanent: true } as const
  await recordAttempts(db, [ended(run!, permanent)])
  const failed = await readJob(db, job.jobId, alice)
  assert.equal(failed?.status, 'FAILED')
  assert.equal(failed?.failureReason, 'no such task')
  assert.equal(failed?.attempts, 1)
  await passTime(db)
  assert.deepEqual(await claim(), [])
})

test('a recurring job shows the failure of its last run until its next success', async () => {
  const job = await stored(
    aJob({ trigger: byCron('* * * * * *', await fromNow(db, -1_000)), maxAttempts: 1 }),
  )
  const fireNext = async (outcome: Parameters<typeof ended>[1]) => {
    const claimed = await claim()
    await db.transaction(tx =>
      insertNextFires(
        tx,
        claimed.map(run => ({ ...run, nextAt: instant(run.scheduledAt + 1) })),
        'test',
      ),
    )
    const [run] = await start(claimed)
    await recordAttempts(db, [ended(run!, outcome)])
    return readJob(db, job.jobId, alice)
  }
  const failed = await fireNext(transient)
  assert.equal(failed?.status, 'SCHEDULED')
  assert.equal(failed?.failureReason, 'no route')
  assert.equal((await fireNext({ kind: 'succeeded' }))?.failureReason, null)
})

test('a job that was cancelled starts nothing, not even what was on its way', async () => {
  const job = await stored(aJob({ trigger: atInstant(await fromNow(db, 60_000)) }))
  assert.equal((await cancelJob(db, job.jobId, alice)).kind, 'done')
  await passTime(db)
  assert.deepEqual(await claim(), [])
  assert.equal((await readJob(db, job.jobId, alice))?.status, 'CANCELLED')
})

test('only a job that is SCHEDULED can be cancelled', async () => {
  const job = await stored(aJob())
  const claimed = await claim()
  assert.deepEqual(await cancelJob(db, job.jobId, alice), { kind: 'refused', status: 'RUNNING' })
  const [run] = await start(claimed)
  await recordAttempts(db, [ended(run!, { kind: 'succeeded' })])
  assert.deepEqual(await cancelJob(db, job.jobId, alice), { kind: 'refused', status: 'COMPLETED' })
})

test("another owner's job is unknown", async () => {
  const job = await stored(aJob())
  const mallory = 'mallory' as UserId
  assert.equal(await readJob(db, job.jobId, mallory), null)
  assert.deepEqual(await cancelJob(db, job.jobId, mallory), { kind: 'unknown' })
  assert.deepEqual(await listJobs(db, mallory, anyStatus, { limit: 10, offset: 0 }), [])
})

test('a moved job runs at its new instant and not at the old one', async () => {
  const soon = await fromNow(db, 60_000)
  const job = await stored(aJob({ trigger: atInstant(soon) }))
  const moved = await fromNow(db, 120_000)
  const answer = await rescheduleJob(db, job.jobId, alice, { at: moved, microseconds: 0 })
  assert.equal(answer.kind, 'done')
  assert.equal((await readJob(db, job.jobId, alice))?.nextRunAt, moved)
  const past = { at: (moved - 1_000_000) as Instant, microseconds: 0 }
  assert.equal((await rescheduleJob(db, job.jobId, alice, past)).kind, 'past')
  await passTime(db)
  assert.equal((await claim()).length, 1)
})

test('an immediate or a recurring job cannot be moved', async () => {
  const later = { at: await fromNow(db, 60_000), microseconds: 0 }
  const now = await stored(aJob())
  assert.equal((await rescheduleJob(db, now.jobId, alice, later)).kind, 'not movable')
  const often = await stored(aJob({ trigger: byCron('* * * * * *', later.at) }))
  assert.equal((await rescheduleJob(db, often.jobId, alice, later)).kind, 'not movable')
})

test('the list shows the newest first, filtered and by page', async () => {
  const owner = 'lister' as UserId
  await empty()
  for (let n = 0; n < 5; n++) await createJobs(db, [aJob({ owner })])
  await createJobs(db, [aJob({ owner, trigger: byCron('0 0 0 * * *', await fromNow(db, 60_000)) })])
  const all = await listJobs(db, owner, anyStatus, { limit: 10, offset: 0 })
  assert.equal(all.length, 6)
  assert.deepEqual(
    all.map(job => job.createdAt),
    all.map(job => job.createdAt).toSorted((a, b) => b - a),
  )
  const recurring = await listJobs(
    db,
    owner,
    { ...anyStatus, jobType: 'RECURRING' },
    { limit: 10, offset: 0 },
  )
  assert.deepEqual(
    recurring.map(job => job.jobId),
    [all[0]!.jobId],
  )
  const second = await listJobs(db, owner, anyStatus, { limit: 2, offset: 2 })
  assert.deepEqual(second, all.slice(2, 4))
  const { createdAt } = all[3]!
  const exact = await listJobs(
    db,
    owner,
    { ...anyStatus, from: createdAt, to: createdAt },
    { limit: 10, offset: 0 },
  )
  assert.ok(exact.some(job => job.jobId === all[3]!.jobId))
  const scheduled = await listJobs(
    db,
    owner,
    { ...anyStatus, status: 'SCHEDULED' },
    { limit: 10, offset: 0 },
  )
  assert.equal(scheduled.length, 6)
})

test('a claim leaves what an owner may not get, and passes over who may get nothing', async () => {
  await empty()
  const of = (owner: string, count: number) =>
    Array.from({ length: count }, () => aJob({ owner: owner as UserId }))
  await createJobs(db, [...of('mallory', 20), ...of('alice', 5), ...of('mike', 5)])
  const owners = async (left: [string, number][], from: Instant | null = null) => {
    const claimed = await claim({ shares: { each: 2, left: new Map(left), from } })
    const counts = Object.groupBy(claimed, run => run.owner)
    return Object.fromEntries(Object.entries(counts).map(([name, runs]) => [name, runs!.length]))
  }
  const future = await fromNow(db, 60_000)
  assert.deepEqual(await owners([['mallory', 0]], future), {}, 'it begins where it is told to')
  const found = await owners([
    ['mallory', 0],
    ['mike', 3],
  ])
  assert.deepEqual(found, { alice: 2, mike: 3 })
  assert.deepEqual(await owners([['mallory', 7]]), { mallory: 7, alice: 2, mike: 2 })
})

test('an owner who alone has jobs is in the way of nobody', async () => {
  await empty()
  await db.query(sql`delete from job_definitions`)
  assert.equal(await hasSeveralOwners(db), false)
  await createJobs(db, [aJob()])
  assert.equal(await hasSeveralOwners(db), false)
  await createJobs(db, [aJob({ owner: 'bob' as UserId })])
  assert.equal(await hasSeveralOwners(db), true)
})

test('capacity counts living executors and what is on its way to them', async () => {
  await empty()
  await db.query(sql`delete from executors`)
  const report = { free: 50, tasks: ['send_email'], startsPerSecond: 10 }
  await reportExecutor(db, { id: 'one', slots: 50, ...report })
  await reportExecutor(db, { id: 'two', slots: 30, ...report })
  await createJobs(db, [aJob(), aJob(), aJob({ owner: 'bob' as UserId })])
  const claimed = await claim()
  await start(claimed.slice(0, 1))
  const read = (only: string | null) => readCapacity(db, { leaseMs: 60_000, aliveMs: 15_000, only })
  assert.deepEqual(await read(null), {
    ...{ executors: 2, elsewhere: 0, slots: 80, startsPerSecond: 20, dispatched: 2, running: 1 },
    inFlight: { alice: 2, bob: 1 },
  })
  assert.deepEqual(await read('two'), {
    ...{ executors: 1, elsewhere: 1, slots: 30, startsPerSecond: 10, dispatched: 2, running: 0 },
    inFlight: { alice: 1, bob: 1 },
  })
  await db.query(sql`update executors set seen_at = now() - interval '1 minute'`)
  assert.equal((await read(null)).executors, 0)
})

test('spare are the slots of other living executors in which nothing runs', async () => {
  await empty()
  await db.query(sql`delete from executors`)
  const report = { free: 50, tasks: ['send_email'], startsPerSecond: 10 }
  await reportExecutor(db, { id: 'one', slots: 1, ...report })
  await reportExecutor(db, { id: 'two', slots: 5, ...report })
  await createJobs(db, [aJob(), aJob(), aJob()])
  await start((await claim()).slice(0, 2)) // by the first, which has more than slots
  const spareBeside = (id: string) =>
    readSpareSlots(db, { besides: id, aliveMs: 15_000, leaseMs: 60_000 })
  assert.equal(await spareBeside('one'), 5)
  assert.equal(await spareBeside('two'), 0)
  assert.equal(await spareBeside('three'), 5)
  await db.query(sql`update executors set seen_at = now() - interval '1 minute'`)
  assert.equal(await spareBeside('one'), 0)
})
