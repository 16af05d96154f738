import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, beforeEach, describe, test } from 'node:test'
import {
  causeCodes,
  type Instant,
  instant,
  type JobId,
  later,
  runIdOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import { cancelJob, createJobs, type NewJob, readNow, reportExecutor, sql } from '@cronos/store'
import { aJob, atInstant, byCron } from '@cronos/testkit'
import { startTestedService, tokenOf } from './job-service.ts'

/*
 * What the explanations say, on rows as the engine leaves them.
 */

const service = await startTestedService()
const { db, ask } = service
after(() => service[Symbol.asyncDispose]())
beforeEach(async () => {
  await db.query(sql`truncate job_definitions, runs, attempts, skipped, triggers, executors`)
  await db.query(sql`update ledger_horizon set horizon_at = '-infinity'`)
})

const alice = 'alice' as UserId
const MINUTE = 60_000
const DAY = 86_400_000
const now = instant(Math.floor((await readNow(db)) / MINUTE) * MINUTE)
const ago = (minutes: number): Instant => instant(now - minutes * MINUTE)
const text = (at: Instant) => new Date(at).toISOString()

/** Every code that some answer of this file had. */
const seen = new Set<string>()

interface Told {
  readonly codes: string[]
  readonly causes: { code: string; message: string; evidence: Record<string, unknown> }[]
  readonly nextAt: string | null
}

async function explain(path: string, token?: string): Promise<Told> {
  const { status, json } = await ask(path, token === undefined ? {} : { token })
  assert.equal(status, 200, JSON.stringify(json))
  const codes: string[] = json.causes.map((cause: { code: string }) => cause.code)
  for (const code of codes) seen.add(code)
  return { codes, ...json }
}

const explainRun = (jobId: JobId, at: Instant) =>
  explain(`/runs/${runIdOf({ jobId, scheduledAt: at })}/explain`)
const explainAt = (jobId: JobId, at: Instant) => explain(`/jobs/${jobId}/explain?at=${text(at)}`)

/** A job of each minute that was asked for an hour ago, without a run; or another one. */
async function aMinuteJob(given: Partial<NewJob> = {}): Promise<JobId> {
  const job = aJob({ owner: alice, trigger: byCron('0 * * * * *', ago(60)), ...given })
  await createJobs(db, [job])
  await db.query(sql`delete from runs_live where job_id = ${uuidOf(job.jobId)}`)
  await db.query(sql`
    update job_definitions set created_at = ${text(ago(61))} where job_id = ${uuidOf(job.jobId)}`)
  return job.jobId
}

/** Columns of a run and their values; the others are those of one that waits for its fire time. */
type Columns = Readonly<Record<string, string | number | boolean | null>>

async function aRun(jobId: JobId, at: Instant, columns: Columns = {}): Promise<void> {
  const isDone = 'finished_at' in columns
  const row = {
    ...{ job_id: uuidOf(jobId), scheduled_at: text(at), due_at: text(at) },
    ...{ wake_at: isDone ? null : text(at), max_attempts: 3, recurring: true, owner: 'alice' },
    ...{ status: 'PENDING', done: isDone, fence: 0, job_version: 1, attempt: 0, dispatches: 0 },
    ...{ lost: 0, priority: 2, reason: 'FIRE', ...columns },
  }
  await db.query(sql`
    insert into runs select * from jsonb_populate_record(null::runs, ${JSON.stringify(row)}::jsonb)`)
}

async function anAttempt(jobId: JobId, at: Instant, outcome: string, error: string | null) {
  await db.query(sql`
    insert into attempts (job_id, scheduled_at, attempt, fence, executor, ended_at, outcome, error)
    values (${uuidOf(jobId)}, ${text(at)}, 1, 1, 'executor-1', now(), ${outcome},
            ${error === null ? null : JSON.stringify({ message: error })}::jsonb)`)
}

async function skip(jobId: JobId, policy: string, from: Instant, to: Instant, into?: Instant) {
  await db.query(sql`
    insert into skipped (job_id, from_at, to_at, count, policy, into_run)
    values (${uuidOf(jobId)}, ${text(from)}, ${text(to)}, ${(to - from) / MINUTE + 1}::bigint,
            ${policy}, ${into === undefined ? null : text(into)})`)
}

async function pause(jobId: JobId, at: Instant, by: string | null, note: string | null) {
  const uuid = uuidOf(jobId)
  await db.query(sql`
    update job_definitions set state = 'PAUSED', paused_at = ${text(at)}, pause_note = ${note}
     where job_id = ${uuid}`)
  await db.query(sql`
    with ended as (
      update triggers set valid_to = ${text(at)}::timestamptz where job_id = ${uuid} returning *)
    insert into triggers (job_id, version, cron_expression, state, valid_from, note, made_by)
    select job_id, 2, cron_expression, 'PAUSED', valid_to, ${note}, ${by} from ended`)
}

const anExecutor = (given: { slots?: number; free?: number; tasks?: string[] } = {}) =>
  reportExecutor(db, {
    ...{ id: 'executor-1', slots: 20, free: 20, tasks: ['send_email'], startsPerSecond: 0 },
    ...given,
  })

const running = (executor = 'executor-1'): Columns => ({
  ...{ status: 'RUNNING', attempt: 1, fence: 1, executor, started_at: text(ago(1)) },
  ...{ wake_at: text(later(now, 5 * MINUTE)), deadline_at: text(later(now, 10 * MINUTE)) },
})
const finished = (status: string, columns: Columns = {}): Columns => ({
  ...{ status, attempt: 1, fence: 1, executor: 'executor-1', started_at: text(ago(2)) },
  ...{ finished_at: text(ago(1)), ...columns },
})
const failed = (message: string, columns: Columns = {}) =>
  finished('FAILED', { ...columns, error: { message } as never })

describe('why there is a run', () => {
  test('it is a fire time of the trigger', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), finished('SUCCEEDED'))
    const { codes, causes, nextAt } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['SUCCEEDED', 'FIRE_TIME'])
    assert.deepEqual(causes[1]!.evidence, {
      ...{ scheduledAt: text(ago(5)), trigger: '0 * * * * *', timeZone: 'UTC' },
    })
    assert.equal(nextAt, null)
  })
  test('a one-time job was asked for', async () => {
    const job = aJob({ owner: alice, trigger: atInstant(now + DAY) })
    await createJobs(db, [job])
    const { codes, nextAt } = await explainRun(job.jobId, later(now, DAY))
    assert.deepEqual(codes, ['NOT_DUE', 'ASKED_FOR'])
    assert.equal(nextAt, text(later(now, DAY)))
  })
  test('somebody triggered it, or replayed another run', async () => {
    const job = await aMinuteJob()
    await aRun(
      job,
      later(ago(5), 1),
      finished('SUCCEEDED', { reason: 'MANUAL', requested_by: 'alice' }),
    )
    await aRun(
      job,
      later(ago(4), 1),
      finished('SUCCEEDED', { reason: 'REPLAY', replay_of: text(ago(5)) }),
    )
    const manual = await explainRun(job, later(ago(5), 1))
    assert.deepEqual(manual.codes, ['SUCCEEDED', 'TRIGGERED'])
    assert.equal(manual.causes[1]!.evidence['by'], 'alice')
    const replay = await explainRun(job, later(ago(4), 1))
    assert.deepEqual(replay.codes, ['SUCCEEDED', 'REPLAYED'])
    assert.equal(
      replay.causes[1]!.evidence['replayOf'],
      runIdOf({ jobId: job, scheduledAt: ago(5) }),
    )
  })
  test('it was caught up with, and it stands for others that were missed', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), finished('SUCCEEDED', { reason: 'CATCH_UP' }))
    await skip(job, 'MISFIRE', ago(9), ago(6), ago(5))
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['SUCCEEDED', 'CAUGHT_UP', 'STANDS_FOR'])
    assert.equal(causes[2]!.evidence['count'], 4)
  })
  test('it was edited since, and the run tells the trigger that it was planned by', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), finished('SUCCEEDED'))
    await db.query(sql`update job_definitions set cron_expression = '0 0 * * * *', version = 2`)
    const { causes } = await explainRun(job, ago(5))
    assert.equal(causes[1]!.evidence['trigger'], '0 * * * * *')
  })
})

describe('what became of a run', () => {
  test('it failed at its last attempt, after others had failed, were lost or handed back', async () => {
    const job = await aMinuteJob()
    for (const outcome of ['FAILED', 'LOST', 'HANDED_BACK'] as const) {
      await db.query(sql`truncate runs, attempts`)
      await aRun(job, ago(5), failed('no route to host', { attempt: 3 }))
      await anAttempt(job, ago(5), outcome, outcome === 'FAILED' ? 'connection refused' : null)
      const { codes, causes } = await explainRun(job, ago(5))
      const code = { FAILED: 'RETRIED', LOST: 'RECOVERED', HANDED_BACK: 'HANDED_BACK' }[outcome]
      assert.deepEqual(codes, ['FAILED', code, 'FIRE_TIME'])
      assert.match(causes[0]!.message, /last of its 3 attempts: no route to host/)
      assert.equal(causes[1]!.evidence['executor'], 'executor-1')
    }
  })
  test('it failed for good, since trying again would not help', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), failed('template must be a string'))
    const { causes } = await explainRun(job, ago(5))
    assert.match(causes[0]!.message, /for good at attempt 1 of 3/)
  })
  test('it was cancelled', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), finished('CANCELLED', { attempt: 0, started_at: null }))
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['CANCELLED', 'FIRE_TIME'])
    assert.match(causes[0]!.message, /before it began/)
  })
})

describe('why a run waits', () => {
  test('a failed attempt is followed by a pause', async () => {
    const job = await aMinuteJob()
    const until = later(now, 10 * MINUTE)
    await aRun(job, ago(5), { attempt: 1, wake_at: text(until) })
    await anAttempt(job, ago(5), 'FAILED', 'connection refused')
    const { codes, nextAt } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['BACKING_OFF', 'RETRIED', 'FIRE_TIME'])
    assert.equal(nextAt, text(until))
  })
  test('the job is paused: since when, by whom, and why', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), { wake_at: null, hold: 'PAUSED' })
    await pause(job, ago(6), 'alice', 'the printer is broken')
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['HELD_PAUSED', 'FIRE_TIME'])
    assert.deepEqual(causes[0]!.evidence, {
      ...{ pausedAt: text(ago(6)), note: 'the printer is broken', by: 'alice' },
    })
  })
  test('a person has to say what became of a lost attempt', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), { wake_at: null, hold: 'UNKNOWN', attempt: 1, executor: null })
    await anAttempt(job, ago(5), 'LOST', 'executor-1 was not heard of')
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['HELD_UNKNOWN', 'RECOVERED', 'FIRE_TIME'])
    assert.match(causes[0]!.message, /^Executor executor-1 vanished in the middle of attempt 1/)
    assert.deepEqual(causes[0]!.evidence, { attempt: 1, executor: 'executor-1' })
    const path = `/runs/${runIdOf({ jobId: job, scheduledAt: ago(5) })}/resolve`
    assert.equal((await service.post(path, { as: 'succeeded' })).status, 204)
    assert.match(
      (await explainRun(job, ago(5))).causes[0]!.message,
      /^A person said that attempt 1/,
    )
  })
  test('an earlier run of the job is not finished', async () => {
    const job = await aMinuteJob({ overlap: 'queue' })
    await anExecutor()
    await aRun(job, ago(5), running())
    await aRun(job, ago(4), {
      wake_at: text(later(now, 3 * MINUTE)),
      expires_at: text(later(now, DAY)),
    })
    const { codes, causes } = await explainRun(job, ago(4))
    assert.deepEqual(codes, ['QUEUED_BEHIND', 'EXPIRES', 'FIRE_TIME'])
    assert.equal(causes[0]!.evidence['behind'], runIdOf({ jobId: job, scheduledAt: ago(5) }))
    await aRun(job, ago(3), { reason: 'CATCH_UP' })
    assert.deepEqual((await explainRun(job, ago(3))).codes, ['QUEUED_BEHIND', 'CAUGHT_UP'])
  })
  test('no executor is there, or none that knows the task', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5))
    assert.deepEqual((await explainRun(job, ago(5))).codes, ['NO_EXECUTOR', 'FIRE_TIME'])
    await anExecutor({ tasks: ['generate_report'] })
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['TASK_UNKNOWN', 'FIRE_TIME'])
    assert.equal(causes[0]!.evidence['task'], 'send_email')
  })
  test('nothing is in its way', async () => {
    const job = await aMinuteJob()
    await anExecutor()
    await aRun(job, ago(5))
    assert.deepEqual((await explainRun(job, ago(5))).codes, ['DUE', 'FIRE_TIME'])
  })
  test('all slots are taken, and more urgent runs come first: as figures, nothing of whose they are', async () => {
    const mine = await aMinuteJob()
    const others = await aMinuteJob({ owner: 'bob' as UserId })
    await anExecutor({ slots: 2 })
    for (const minutes of [1, 2]) await aRun(others, ago(minutes), { ...running(), owner: 'bob' })
    for (const minutes of [3, 4, 5]) await aRun(others, ago(minutes), { priority: 1, owner: 'bob' })
    await aRun(others, ago(20), { owner: 'bob' })
    await aRun(mine, ago(10))
    await aRun(others, ago(30), { owner: 'bob', priority: 3 })
    const { codes, causes } = await explainRun(mine, ago(10))
    assert.deepEqual(codes, ['WINDOW_FULL', 'MORE_URGENT', 'FIRE_TIME'])
    assert.deepEqual(causes[0]!.evidence, { slots: 2, running: 2, dispatched: 0, executors: 1 })
    assert.deepEqual(causes[1]!.evidence, { ahead: 4, priority: 'NORMAL' })
    assert.ok(!JSON.stringify(causes).includes('bob'))
    assert.ok(!JSON.stringify(causes).includes(uuidOf(others)))
  })
  test('its owner has as many going as leaves room for others', async () => {
    const job = await aMinuteJob()
    await anExecutor({ slots: 10 })
    for (let seconds = 0; seconds < 9; seconds++)
      await aRun(job, instant(ago(7) + seconds * 1_000), running())
    await aRun(job, ago(5))
    assert.deepEqual((await explainRun(job, ago(5))).codes, ['DUE', 'FIRE_TIME'], 'he is alone')
    await aMinuteJob({ owner: 'bob' as UserId })
    const { codes, causes } = await explainRun(job, ago(5))
    assert.deepEqual(codes, ['OWNERS_SHARE', 'FIRE_TIME'])
    assert.deepEqual(causes[0]!.evidence, { yours: 9, share: 9, slots: 10 })
    assert.match(causes[0]!.message, /9 runs going or on the way, and your share is 9/)
    const lease = { wake_at: text(later(now, 5 * MINUTE)), dispatches: 1 }
    await aRun(job, ago(4), { ...lease, status: 'DISPATCHED' })
    assert.ok(!(await explainRun(job, ago(4))).codes.includes('OWNERS_SHARE'), 'it has its share')
  })
  test('its owner has as many going as the operator allows', async () => {
    await using limited = await startTestedService(
      { 'configs.limits.running-per-owner': '1' },
      service.database,
    )
    const job = await aMinuteJob()
    await anExecutor()
    await aRun(job, ago(7), running())
    await aRun(job, ago(5))
    const run = runIdOf({ jobId: job, scheduledAt: ago(5) })
    const { json } = await limited.ask(`/runs/${run}/explain`)
    assert.equal(json.causes[0].code, 'OWNERS_SHARE')
    assert.deepEqual(json.causes[0].evidence, { yours: 1, share: 1, slots: 20 })
  })
  test('it was handed out and not begun, once or again and again', async () => {
    const job = await aMinuteJob()
    await anExecutor()
    const lease = { status: 'DISPATCHED', wake_at: text(later(now, 5 * MINUTE)) }
    await aRun(job, ago(5), { ...lease, dispatches: 1 })
    await aRun(job, ago(4), { ...lease, dispatches: 3 })
    const once = await explainRun(job, ago(5))
    assert.deepEqual(once.codes, ['DISPATCHED', 'FIRE_TIME'])
    assert.equal(once.nextAt, lease.wake_at)
    assert.deepEqual((await explainRun(job, ago(4))).codes, ['DISPATCH_LOST', 'FIRE_TIME'])
  })
  test('it goes on, is asked to end, or its executor is not heard of', async () => {
    const job = await aMinuteJob()
    await anExecutor()
    await aRun(job, ago(5), running())
    await aRun(job, ago(4), { ...running(), cancel_at: text(later(now, 4 * MINUTE)) })
    await aRun(job, ago(3), running('executor-2'))
    assert.deepEqual((await explainRun(job, ago(5))).codes, ['RUNNING', 'FIRE_TIME'])
    assert.deepEqual((await explainRun(job, ago(4))).codes, [
      'CANCEL_ASKED',
      'RUNNING',
      'FIRE_TIME',
    ])
    const silent = await explainRun(job, ago(3))
    assert.deepEqual(silent.codes, ['EXECUTOR_SILENT', 'FIRE_TIME'])
    assert.equal(silent.nextAt, text(later(now, 5 * MINUTE)))
  })
})

describe('why there was no run at an instant', () => {
  test('where there was one, its own explanation is the answer', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), finished('SUCCEEDED'))
    assert.deepEqual((await explainAt(job, ago(5))).codes, ['SUCCEEDED', 'FIRE_TIME'])
  })
  test('a policy skipped it: which, with which others, and which run stands for them', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(40), finished('SUCCEEDED'))
    await skip(job, 'MISFIRE', ago(50), ago(41), ago(40))
    await skip(job, 'OVERLAP', ago(30), ago(30))
    await skip(job, 'EXPIRED', ago(20), ago(20))
    await skip(job, 'PAUSED', ago(10), ago(5))
    const missed = await explainAt(job, ago(45))
    assert.deepEqual(missed.codes, ['SKIPPED_MISFIRE'])
    const { settledAt, ...evidence } = missed.causes[0]!.evidence
    assert.equal(typeof settledAt, 'string')
    const into = runIdOf({ jobId: job, scheduledAt: ago(40) })
    assert.deepEqual(evidence, { from: text(ago(50)), to: text(ago(41)), count: 10, intoRun: into })
    const overlap = await explainAt(job, ago(30))
    assert.deepEqual(overlap.codes, ['SKIPPED_OVERLAP'])
    assert.equal(overlap.causes[0]!.evidence['runBefore'], into)
    assert.deepEqual((await explainAt(job, ago(20))).codes, ['SKIPPED_EXPIRED'])
    assert.deepEqual((await explainAt(job, ago(7))).codes, ['SKIPPED_PAUSED'])
    const between = instant(ago(7) + 1_000)
    assert.deepEqual((await explainAt(job, between)).codes, ['NOT_A_FIRE_TIME'])
  })
  test('it is no fire time: the nearest before and after are told', async () => {
    const job = await aMinuteJob()
    const { causes } = await explainAt(job, instant(ago(7) + 1_000))
    assert.deepEqual(causes[0]!.evidence, {
      ...{ trigger: '0 * * * * *', before: text(ago(7)), after: text(ago(6)) },
    })
    const once = aJob({ owner: alice, trigger: atInstant(now + DAY) })
    await createJobs(db, [once])
    const { codes, causes: ofOnce } = await explainAt(once.jobId, later(now, 2 * DAY))
    assert.deepEqual(codes, ['NOT_A_FIRE_TIME'])
    assert.deepEqual(ofOnce[0]!.evidence, {
      trigger: null,
      before: text(later(now, DAY)),
      after: null,
    })
  })
  test('the job was not there yet, or no longer', async () => {
    const job = await aMinuteJob()
    assert.deepEqual((await explainAt(job, ago(70))).codes, ['BEFORE_CREATION'])
    assert.equal((await cancelJob(db, job, alice)).kind, 'refused', 'without a run it is COMPLETED')
    await aRun(job, later(now, 10 * MINUTE), { wake_at: text(later(now, 10 * MINUTE)) })
    assert.equal((await cancelJob(db, job, alice)).kind, 'done')
    const { codes, causes } = await explainAt(job, later(now, 60 * MINUTE))
    assert.deepEqual(codes, ['ENDED'])
    assert.equal(causes[0]!.evidence['state'], 'CANCELLED')
  })
  test('the job fires between a start and an end only', async () => {
    const trigger = {
      ...byCron('0 * * * * *', ago(60)),
      ...{ startAt: ago(60), endAt: ago(10) },
    }
    const job = await aMinuteJob({ trigger: { ...trigger, plannedAt: ago(70) } as never })
    assert.deepEqual((await explainAt(job, ago(65))).codes, ['BEFORE_START'])
    assert.deepEqual((await explainAt(job, ago(10))).codes, ['AFTER_END'])
  })
  test('a change of the clock dropped it, or came to it twice', async () => {
    const spring = Date.UTC(2026, 2, 29, 1, 30) // 03:30 in Berlin, where 02:30 never was
    const autumn = Date.UTC(2026, 9, 25, 1, 30) // 02:30 in Berlin, the second time
    const trigger = {
      ...byCron('0 30 2 * * *', instant(Date.UTC(2026, 0, 1, 1, 30))),
      ...{ timeZone: 'Europe/Berlin', dst: { gap: 'skip', overlap: 'first' } },
    }
    const job = await aMinuteJob({ trigger: trigger as never })
    const jumped = await explainAt(job, instant(spring))
    assert.deepEqual(jumped.codes, ['CLOCK_JUMPED', 'NOT_A_FIRE_TIME'])
    const repeated = await explainAt(job, instant(autumn))
    assert.deepEqual(repeated.codes, ['CLOCK_REPEATED', 'NOT_A_FIRE_TIME'])
  })
  test('it is still to come', async () => {
    const job = await aMinuteJob()
    const at = later(now, 100 * MINUTE)
    const { codes, nextAt } = await explainAt(job, at)
    assert.deepEqual(codes, ['NOT_PLANNED_YET'])
    assert.equal(nextAt, text(at))
    await pause(job, ago(5), 'alice', null)
    const paused = await explainAt(job, at)
    assert.deepEqual(paused.codes, ['PAUSED', 'NOT_PLANNED_YET'])
    assert.equal(paused.nextAt, null)
    assert.deepEqual((await explainAt(job, ago(3))).codes, ['PAUSED', 'TO_BE_SETTLED'])
  })
  test('it was missed, and hangs from a run that waits', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(20))
    const { codes, causes } = await explainAt(job, ago(15))
    assert.deepEqual(codes, ['TO_BE_SETTLED'])
    assert.equal(causes[0]!.evidence['runId'], runIdOf({ jobId: job, scheduledAt: ago(20) }))
  })
  test('nothing tells what became of it, or nothing is kept from then', async () => {
    const job = await aMinuteJob()
    assert.deepEqual((await explainAt(job, ago(15))).codes, ['UNACCOUNTED'])
    await db.query(sql`update ledger_horizon set horizon_at = ${text(ago(10))}`)
    assert.deepEqual((await explainAt(job, ago(15))).codes, ['BEFORE_HORIZON'])
    assert.deepEqual((await explainAt(job, ago(70))).codes, ['BEFORE_CREATION'])
  })
  test('a one-time job whose time had passed when it was asked for is explained at that time', async () => {
    const job = aJob({ owner: alice, trigger: atInstant(now - 365 * DAY) })
    await createJobs(db, [job])
    await db.query(sql`delete from runs_live`)
    const past = instant(now - 365 * DAY)
    assert.deepEqual((await explainAt(job.jobId, past)).codes, ['UNACCOUNTED'])
    await skip(job.jobId, 'EXPIRED', past, past)
    assert.deepEqual((await explainAt(job.jobId, past)).codes, ['SKIPPED_EXPIRED'])
  })
})

describe('how a job is now', () => {
  test('its unfinished runs, its next one, and what became of the last', async () => {
    const job = await aMinuteJob()
    await anExecutor()
    const next = later(now, 10 * MINUTE)
    await aRun(job, ago(5), failed('no route to host', { attempt: 3 }))
    await aRun(job, ago(4), running())
    await aRun(job, next)
    const { codes, causes, nextAt } = await explain(`/jobs/${job}/explain`)
    assert.deepEqual(codes, ['RUNNING', 'NOT_DUE', 'FAILED'])
    assert.equal(causes[1]!.evidence['runId'], runIdOf({ jobId: job, scheduledAt: next }))
    assert.equal(nextAt, text(next))
  })
  test('it is paused, by whom and since when; or it was ended, and why', async () => {
    const job = await aMinuteJob()
    await aRun(job, ago(5), { wake_at: null, hold: 'PAUSED' })
    await pause(job, ago(6), null, '3 runs in a row have failed')
    const { codes, causes } = await explain(`/jobs/${job}/explain`)
    assert.deepEqual(codes, ['PAUSED'])
    assert.equal(causes[0]!.evidence['by'], null)
    assert.match(causes[0]!.message, /by Cronos: 3 runs in a row have failed/)
    await db.query(sql`
      update job_definitions
         set state = 'FAILED', paused_at = null, failure_reason = 'unknown task', failed_at = now()`)
    const ended = await explain(`/jobs/${job}/explain`)
    assert.equal(ended.codes[0], 'ENDED')
    assert.equal(ended.causes[0]!.evidence['failureReason'], 'unknown task')
  })
})

test("another owner's runs and jobs are explained to nobody else", async () => {
  const job = await aMinuteJob()
  await aRun(job, ago(5))
  const token = tokenOf('mallory')
  for (const path of [
    `/runs/${runIdOf({ jobId: job, scheduledAt: ago(5) })}/explain`,
    `/jobs/${job}/explain`,
    `/jobs/${job}/explain?at=${text(ago(5))}`,
  ]) {
    assert.equal((await ask(path, { token })).status, 404, path)
    assert.equal((await ask(path, { token: tokenOf('alice', ['jobs.create']) })).status, 403, path)
  }
  assert.equal((await ask('/runs/run_1/explain')).status, 404)
  assert.equal((await ask('/jobs/job_1/explain')).status, 404)
})

test('a deleted job and its runs are as if they had never been', async () => {
  const job = await aMinuteJob()
  await aRun(job, ago(5), finished('SUCCEEDED'))
  await db.query(sql`update job_definitions set state = 'DELETED'`)
  const run = runIdOf({ jobId: job, scheduledAt: ago(5) })
  for (const path of [`/runs/${run}/explain`, `/jobs/${job}/explain`])
    assert.equal((await ask(path)).status, 404, path)
})

test('an instant that cannot be read is refused by name', async () => {
  const job = await aMinuteJob()
  const { status, json } = await ask(`/jobs/${job}/explain?at=noon`)
  assert.equal(status, 400)
  assert.match(json.message, /^at must be an ISO-8601 instant/)
})

test('every cause was seen here, and is told in docs/explain.md', async () => {
  const page = await readFile(new URL('../../docs/explain.md', import.meta.url), 'utf8')
  const told = Array.from(page.matchAll(/^\| `([A-Z_]+)`/gm), ([, code]) => code!)
  assert.deepEqual(told.toSorted(), [...causeCodes].toSorted())
  assert.deepEqual([...seen].toSorted(), [...causeCodes].toSorted())
})
