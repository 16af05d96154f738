import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Instant, instant, type JobId, type UserId, uuidOf } from '@cronos/domain'
import { aJob, atInstant, freshDatabase } from '@cronos/testkit'
import { createJobs, pageRunLines, sql, summarizeRuns } from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('general')
after(() => database[Symbol.asyncDispose]())

const NOON = Date.UTC(2026, 10, 23, 12)
const HOUR = 3_600_000
const period = { from: instant(NOON), to: instant(NOON + HOUR) }
const options = { spans: 6, top: 3 }

let owners = 0
const someone = () => `owner${++owners}` as UserId

interface Past {
  readonly atMs: number
  readonly status?: 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  readonly tookMs?: number
  readonly attempt?: number
}

/** A job with these finished runs and nothing to come. */
async function aJobWith(owner: UserId, past: readonly Past[], task = 'send_email'): Promise<JobId> {
  const job = aJob({ owner, payload: { task, template: 'hello' }, trigger: atInstant(NOON) })
  await createJobs(db, [job])
  await db.query(sql`delete from runs_live where job_id = ${uuidOf(job.jobId)}`)
  for (const { atMs, status = 'SUCCEEDED', tookMs = 100, attempt = 1 } of past) {
    const at = (ms: number) => new Date(ms).toISOString()
    await db.query(sql`
      insert into runs_done (job_id, scheduled_at, due_at, started_at, finished_at, done, status,
                             attempt, max_attempts, recurring, owner, error)
      values (${uuidOf(job.jobId)}, ${at(atMs)}, ${at(atMs)}, ${at(atMs)}, ${at(atMs + tookMs)},
              true, ${status}, ${attempt}, 3, false, ${owner},
              ${status === 'FAILED' ? JSON.stringify({ message: `at ${atMs}` }) : null}::jsonb)`)
  }
  return job.jobId
}

test('a summary counts the runs of the period by what became of them', async () => {
  const owner = someone()
  await aJobWith(owner, [
    { atMs: NOON, tookMs: 100 },
    { atMs: NOON + 1, tookMs: 200, attempt: 2 },
    { atMs: NOON + 2, tookMs: 300, status: 'FAILED', attempt: 3 },
    { atMs: NOON + 3, tookMs: 400, status: 'CANCELLED' },
  ])
  const { totals } = await summarizeRuns(db, owner, period, options)
  assert.deepEqual(totals, {
    runs: 4,
    succeeded: 2,
    failed: 1,
    cancelled: 1,
    unfinished: 0,
    retried: 2,
    jobs: 1,
    medianMs: 250,
    p95Ms: 385,
  })
})

test('the period begins with its first instant and ends before its last', async () => {
  const owner = someone()
  await aJobWith(owner, [
    { atMs: period.from - 1 },
    { atMs: period.from },
    { atMs: period.to - 1 },
    { atMs: period.to },
  ])
  const { totals, spans } = await summarizeRuns(db, owner, period, options)
  assert.equal(totals.runs, 2)
  assert.deepEqual(
    spans.map(span => [span.from, span.runs]),
    [0, 1, 2, 3, 4, 5].map(n => [NOON + (n * HOUR) / 6, n === 0 || n === 5 ? 1 : 0]),
  )
})

test('runs that have not ended are counted, and have no duration', async () => {
  const owner = someone()
  const trigger = atInstant(NOON + 5)
  await createJobs(db, [aJob({ owner, trigger })])
  const { totals } = await summarizeRuns(db, owner, period, options)
  assert.equal(totals.unfinished, 1)
  assert.equal(totals.medianMs, null)
})

test('the jobs with the most runs are told, and how many there are in all', async () => {
  const owner = someone()
  const fires = (count: number) => Array.from({ length: count }, (_, n) => ({ atMs: NOON + n }))
  const ids: JobId[] = []
  for (const count of [2, 5, 1, 3]) ids.push(await aJobWith(owner, fires(count)))
  const { jobs, totals } = await summarizeRuns(db, owner, period, options)
  assert.deepEqual(
    jobs.map(job => [job.jobId, job.runs, job.lastFireAt, job.averageMs]),
    [
      [ids[1], 5, NOON + 4, 100],
      [ids[3], 3, NOON + 2, 100],
      [ids[0], 2, NOON + 1, 100],
    ],
  )
  assert.equal(totals.jobs, 4)
})

test('the latest failures are told with what went wrong', async () => {
  const owner = someone()
  const past = [1, 2, 3, 4].map(n => ({ atMs: NOON + n, status: 'FAILED' as const, attempt: 3 }))
  await aJobWith(owner, past, 'http_request')
  const { failures } = await summarizeRuns(db, owner, period, options)
  assert.deepEqual(
    failures.map(run => [run.scheduledAt, run.message, run.attempt, run.task]),
    [4, 3, 2].map(n => [NOON + n, `at ${NOON + n}`, 3, 'http_request']),
  )
})

test('a summary of nothing is empty', async () => {
  const { totals, spans, jobs, failures } = await summarizeRuns(db, someone(), period, options)
  assert.equal(totals.runs, 0)
  assert.deepEqual([jobs, failures], [[], []])
  assert.equal(spans.length, 6)
})

test('no owner’s report tells of another’s runs', async () => {
  const [owner, other] = [someone(), someone()]
  await aJobWith(other, [{ atMs: NOON, status: 'FAILED' }])
  const { totals, jobs, failures } = await summarizeRuns(db, owner, period, options)
  assert.deepEqual([totals.runs, jobs, failures], [0, [], []])
  assert.deepEqual(await linesOf(owner, 10), [])
})

test('lines come newest first, in pages, and no more than asked for', async () => {
  const owner = someone()
  const job = aJob({ owner, trigger: atInstant(NOON + HOUR) })
  await createJobs(db, [job])
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, done, status, max_attempts,
                           recurring, owner)
    select ${uuidOf(job.jobId)}, at, at, at, true, 'CANCELLED', 3, false, ${owner}
      from generate_series(0, 2499) n,
           lateral (select to_timestamp(${NOON / 1_000}::float8 + n) as at) fire`)
  const all = await linesOf(owner, 5_000)
  assert.equal(all.length, 2_500)
  assert.deepEqual(
    all,
    all.toSorted((a, b) => b - a),
  )
  const newest = await linesOf(owner, 1_500)
  assert.deepEqual(newest, all.slice(0, 1_500))
})

function linesOf(owner: UserId, limit: number): Promise<Instant[]> {
  return db.transaction(async tx => {
    const lines: Instant[] = []
    for await (const page of pageRunLines(tx, owner, period, limit))
      lines.push(...page.map(line => line.scheduledAt))
    return lines
  })
}
