import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Instant, instant, type JobId, uuidOf } from '@cronos/domain'
import { createJobs, readNow, sql } from '@cronos/store'
import { aJob, byCron } from '@cronos/testkit'
import { startTestedService, tokenOf } from './job-service.ts'

const service = await startTestedService()
const { db, ask } = service
after(() => service[Symbol.asyncDispose]())

const MINUTE = 60_000
const now = instant(Math.floor((await readNow(db)) / MINUTE) * MINUTE)
const ago = (minutes: number): Instant => instant(now - minutes * MINUTE)
const text = (at: Instant) => new Date(at).toISOString()

/** A job of each minute, asked for an hour ago, that ran at all its fire times but some. */
async function aJobThatRan(but: readonly Instant[] = []): Promise<JobId> {
  const job = aJob({ owner: 'alice' as never, trigger: byCron('0 * * * * *', ago(60)) })
  await createJobs(db, [job])
  const uuid = uuidOf(job.jobId)
  await db.query(sql`
    update runs_live set scheduled_at = ${text(instant(now + MINUTE))},
           due_at = ${text(instant(now + MINUTE))}, wake_at = ${text(instant(now + MINUTE))}
     where job_id = ${uuid}`)
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, done, status, attempt,
                           max_attempts, recurring, owner, tzdata)
    select ${uuid}::uuid, at, at, at, true, 'SUCCEEDED', 1, 3, true, 'alice', 'test'
      from generate_series(${text(ago(60))}::timestamptz, ${text(now)}::timestamptz,
                           interval '1 minute') as at
     where at <> all(${but.map(text)}::timestamptz[])`)
  return job.jobId
}

const pathOf = (jobId: JobId, to: Instant = instant(now + 1)) =>
  `/jobs/${jobId}/ledger?from=${text(ago(70))}&to=${text(to)}`

test('a job that ran each time is answered as balanced', async () => {
  const { status, json } = await ask(pathOf(await aJobThatRan()))
  assert.equal(status, 200)
  assert.deepEqual(json, {
    ...{ from: text(ago(70)), to: text(instant(now + 1)), horizon: null },
    ...{ balanced: true, expected: 61, accounted: 61, runs: 61 },
    skipped: { MISFIRE: 0, OVERLAP: 0, EXPIRED: 0, PAUSED: 0 },
    ...{ withdrawn: 0, moved: 0, pending: 0, missing: 0, gaps: [], repeated: 0, duplicates: [] },
    ...{ strays: 0, unexpected: [], stalled: false },
  })
})

test('a gap is answered with its first and last fire time', async () => {
  const { json } = await ask(pathOf(await aJobThatRan([ago(12), ago(11), ago(10), ago(5)])))
  assert.equal(json.balanced, false)
  assert.equal(json.missing, 4)
  assert.deepEqual(json.gaps, [
    { from: text(ago(12)), to: text(ago(10)), count: 3 },
    { from: text(ago(5)), to: text(ago(5)), count: 1 },
  ])
})

test('the future is not looked into, and without a span the last days are', async () => {
  const jobId = await aJobThatRan()
  const future = await ask(pathOf(jobId, instant(now + 86_400_000)))
  assert.ok(Date.parse(future.json.to) < now + 10 * MINUTE)
  const usual = await ask(`/jobs/${jobId}/ledger`)
  assert.equal(usual.status, 200)
  const beyond = await ask(
    `/jobs/${jobId}/ledger?from=2099-01-01T00:00:00Z&to=2099-02-01T00:00:00Z`,
  )
  assert.equal(beyond.json.expected, 0)
})

test('a one-time job that was just asked for is looked at whole', async () => {
  const job = aJob({ owner: 'alice' as never })
  await createJobs(db, [job])
  const { json } = await ask(`/jobs/${job.jobId}/ledger`)
  assert.deepEqual([json.balanced, json.expected, json.runs], [true, 1, 1])
})

test('a span that cannot be is refused by name', async () => {
  const jobId = await aJobThatRan()
  const refusals = [
    ['from=yesterday', /^from must be an ISO-8601 instant/],
    ['to=2026-01-01', /^to must be an ISO-8601 instant/],
    ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', /^to must be after from/],
    ['from=2020-01-01T00:00:00Z', /^to must be at most 366 days after from/],
  ] as const
  for (const [query, message] of refusals) {
    const { status, json } = await ask(`/jobs/${jobId}/ledger?${query}`)
    assert.equal(status, 400, query)
    assert.match(json.message, message)
  }
})

test("another owner's job has no ledger, and a scope is needed", async () => {
  const jobId = await aJobThatRan()
  const path = `/jobs/${jobId}/ledger`
  assert.equal((await ask(path, { token: tokenOf('mallory') })).status, 404)
  assert.equal((await ask(path, { token: tokenOf('alice', ['jobs.create']) })).status, 403)
  assert.equal((await ask('/jobs/job_1/ledger')).status, 404)
})
