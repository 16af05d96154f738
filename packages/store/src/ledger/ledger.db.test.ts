import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  defaultPolicies,
  formatInstant,
  type Instant,
  instant,
  type JobId,
  later,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import { aJob, atInstant, byCron, freshDatabase } from '@cronos/testkit'
import { balanceJobs, cancelJob, createJobs, pageLedgerJobs, readNow, sql } from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('general')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const MINUTE = 60_000
const DAY = 86_400_000
const options = { tzdata: 'test', graceMs: 0 }

/** The last full minute. */
const now = instant(Math.floor((await readNow(db)) / MINUTE) * MINUTE)
const ago = (minutes: number): Instant => later(now, -minutes * MINUTE)

/** A job of each minute that was asked for an hour ago, with none of its fire times settled. */
async function aMinuteJob(): Promise<JobId> {
  const job = aJob({ owner: alice, trigger: byCron('0 * * * * *', ago(60)) })
  await createJobs(db, [job])
  await db.query(sql`delete from runs_live where job_id = ${uuidOf(job.jobId)}`)
  return job.jobId
}

async function finish(jobId: JobId, from: Instant, to: Instant, stepMs = MINUTE): Promise<void> {
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, done, status, attempt,
                           max_attempts, recurring, owner, tzdata)
    select ${uuidOf(jobId)}::uuid, at, at, at, true, 'SUCCEEDED', 1, 3, true, 'alice', 'test'
      from generate_series(${formatInstant(from)}::timestamptz, ${formatInstant(to)}::timestamptz,
                           interval '1 millisecond' * ${stepMs}::float8) as at`)
}

/** Settles the fire times from one to another, whose distance is given. */
async function skip(
  jobId: JobId,
  policy: string,
  from: Instant,
  to: Instant,
  stepMs = MINUTE,
): Promise<void> {
  const count = Math.floor((to - from) / stepMs) + 1
  await db.query(sql`
    insert into skipped (job_id, from_at, to_at, count, policy)
    values (${uuidOf(jobId)}, ${formatInstant(from)}, ${formatInstant(to)}, ${count},
            ${policy})`)
}

async function wait(jobId: JobId, at: Instant, given: { reason?: string; hold?: string } = {}) {
  const { reason = 'FIRE', hold = null } = given
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, hold, reason, max_attempts,
                           recurring, status, owner, tzdata)
    values (${uuidOf(jobId)}, ${formatInstant(at)}, ${formatInstant(at)},
            ${hold === null ? formatInstant(at) : null}, ${hold}, ${reason}, 3, true, 'PENDING',
            'alice', 'test')`)
}

async function ledgerOf(jobId: JobId, from = ago(70), to = later(now, 1)) {
  const { jobs, ...span } = await balanceJobs(db, [jobId], { from, to }, options)
  return { ...span, ...jobs[0]!.balance, isStalled: jobs[0]!.isStalled }
}

test('a job that ran each time is balanced', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), now)
  await wait(job, later(now, MINUTE))
  const { expected, accounted, runs, missing, repeated, isStalled } = await ledgerOf(job)
  assert.deepEqual({ expected, accounted, runs }, { expected: 61, accounted: 61, runs: 61 })
  assert.deepEqual({ missing, repeated, isStalled }, { missing: 0, repeated: 0, isStalled: false })
})

test('a fire time without a run or a record is a gap, and one with both is a duplicate', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), ago(41))
  await skip(job, 'OVERLAP', ago(45), ago(44))
  await finish(job, ago(30), ago(20))
  await skip(job, 'MISFIRE', ago(19), later(now, 30))
  await wait(job, later(now, MINUTE))
  const ledger = await ledgerOf(job)
  assert.deepEqual(ledger.gaps, [{ from: ago(40), to: ago(31), count: 10 }])
  assert.deepEqual(
    ledger.duplicates.map(span => span.from),
    [ago(45), ago(44)],
  )
  assert.equal(ledger.skipped.MISFIRE, 20)
  assert.equal(ledger.missing, 10)
})

test('fire times that hang from a run that waits are pending, not gaps', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), ago(31))
  await wait(job, ago(30))
  const { missing, pending, runs } = await ledgerOf(job)
  assert.deepEqual({ missing, pending, runs }, { missing: 0, pending: 30, runs: 31 })
})

test('fire times that are still to be caught up with are pending, though the next fire waits', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), ago(31))
  await wait(job, ago(30), { reason: 'CATCH_UP' })
  await wait(job, later(now, MINUTE))
  const { missing, pending } = await ledgerOf(job)
  assert.deepEqual({ missing, pending }, { missing: 0, pending: 30 })
})

test('fire times of a pause are pending until it is over, then gaps unless they were settled', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), ago(31))
  await wait(job, ago(30), { hold: 'PAUSED' })
  await newVersion(job, 2, 'PAUSED', ago(30.5))
  const paused = await ledgerOf(job)
  assert.deepEqual([paused.missing, paused.pending, paused.isStalled], [0, 30, false])

  await newVersion(job, 3, 'ACTIVE', ago(10.5))
  await db.query(sql`delete from runs_live where job_id = ${uuidOf(job)}`)
  await wait(job, later(now, MINUTE))
  assert.equal((await ledgerOf(job)).missing, 31)
  await skip(job, 'PAUSED', ago(30), ago(10.5))
  await finish(job, ago(10), now)
  const settled = await ledgerOf(job)
  assert.deepEqual([settled.missing, settled.repeated, settled.skipped.PAUSED], [0, 0, 20])
})

test('a record that began before the span settles what it reaches of it', async () => {
  const job = await aMinuteJob()
  await skip(job, 'MISFIRE', ago(60), ago(20))
  await finish(job, ago(19), now)
  const ledger = await ledgerOf(job, ago(30))
  assert.deepEqual([ledger.missing, ledger.skipped.MISFIRE, ledger.expected], [0, 11, 31])
})

test('a recurring job without the run of its next fire time has stalled', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), now)
  assert.equal((await ledgerOf(job)).isStalled, true)
  assert.equal((await ledgerOf(job)).missing, 0)
})

test('a manual run settles no fire time and is no stray', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), now)
  await finish(job, later(ago(5), 1), later(ago(5), 1))
  await db.query(sql`
    update runs_done set reason = 'MANUAL'
     where job_id = ${uuidOf(job)} and scheduled_at = ${formatInstant(later(ago(5), 1))}`)
  const { strays, runs } = await ledgerOf(job)
  assert.deepEqual({ strays, runs }, { strays: 0, runs: 61 })
})

test('a one-time job is expected once, and not at all when it was cancelled before', async () => {
  const ran = aJob({ owner: alice, ...defaultPolicies, trigger: { kind: 'immediate' } })
  const cancelled = aJob({ owner: alice, trigger: atInstant(now + DAY) })
  const lost = aJob({ owner: alice, trigger: atInstant(now - 365 * DAY) })
  await createJobs(db, [ran, cancelled, lost])
  await cancelJob(db, cancelled.jobId, alice)
  await db.query(sql`delete from runs_live where job_id = ${uuidOf(lost.jobId)}`)
  const ids = [ran.jobId, cancelled.jobId, lost.jobId]
  const span = { from: ago(70), to: later(now, 2 * DAY) }
  const found = await balanceJobs(db, ids, span, options)
  const counts = found.jobs.map(({ balance }) => [balance.expected, balance.runs, balance.missing])
  assert.deepEqual(counts, [
    [1, 1, 0],
    [0, 0, 0],
    [1, 0, 1],
  ])
})

test('all jobs that may have fired are found, page by page', async () => {
  const old = aJob({ owner: alice, trigger: atInstant(now - 10 * DAY) })
  await createJobs(db, [old])
  await db.query(sql`
    update triggers set valid_from = valid_from - interval '20 days'
     where job_id = ${uuidOf(old.jobId)}`)
  const found: JobId[] = []
  for (let after: JobId | null = null; ; ) {
    const page: JobId[] = (await pageLedgerJobs(db, ago(60 * 24), after, 2)).map(job => job.jobId)
    found.push(...page)
    if (page.length < 2) break
    after = page.at(-1)!
  }
  const { rows } = await db.query<{ count: number }>(
    sql`select count(distinct job_id) from triggers`,
  )
  assert.equal(new Set(found).size, found.length)
  assert.equal(found.length, rows[0]!.count - 1)
  assert.ok(!found.includes(old.jobId))
})

test('a fire time is pending for its first moments', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(60), ago(1))
  const { jobs } = await balanceJobs(
    db,
    [job],
    { from: ago(60), to: later(now, 1) },
    { ...options, graceMs: 10 * MINUTE },
  )
  assert.deepEqual([jobs[0]!.balance.pending, jobs[0]!.balance.missing], [1, 0])
})

test('runs and records of many pages are read in one order', async () => {
  const job = aJob({ owner: alice, trigger: byCron('* * * * * *', ago(150)) })
  await createJobs(db, [job])
  const uuid = uuidOf(job.jobId)
  await db.query(sql`delete from runs_live where job_id = ${uuid}`)
  await finish(job.jobId, ago(150), ago(100), 1_000)
  await finish(job.jobId, later(ago(100), 2_000), ago(50), 2_000)
  await db.query(sql`
    insert into skipped (job_id, from_at, to_at, count, policy)
    select ${uuid}::uuid, at, at, 1, 'OVERLAP'
      from generate_series(${formatInstant(later(ago(100), 1_000))}::timestamptz,
                           ${formatInstant(later(ago(50), -1_000))}::timestamptz,
                           interval '2 seconds') as at`)
  await skip(job.jobId, 'MISFIRE', later(ago(50), 1_000), ago(40), 1_000)
  await finish(job.jobId, later(ago(40), 1_000), now, 1_000)
  const { expected, runs, skipped, missing, repeated } = await ledgerOf(job.jobId, ago(200))
  assert.deepEqual([expected, missing, repeated], [9_001, 0, 0])
  assert.deepEqual([runs, skipped.OVERLAP, skipped.MISFIRE], [6_901, 1_500, 600])
})

test('before the horizon nothing is looked for', async () => {
  const job = await aMinuteJob()
  await finish(job, ago(20), now)
  assert.equal((await ledgerOf(job)).missing, 40)
  await db.query(sql`update ledger_horizon set horizon_at = ${formatInstant(ago(20))}`)
  const ledger = await ledgerOf(job)
  assert.deepEqual([ledger.from, ledger.horizon, ledger.missing], [ago(20), ago(20), 0])
})

async function newVersion(job: JobId, version: number, state: string, at: Instant): Promise<void> {
  const uuid = uuidOf(job)
  await db.query(sql`
    with ended as (
      update triggers set valid_to = ${formatInstant(at)}::timestamptz
       where job_id = ${uuid} and valid_to is null
      returning *)
    insert into triggers (job_id, version, cron_expression, state, valid_from)
    select job_id, ${version}::int, cron_expression, ${state}, valid_to from ended`)
}
