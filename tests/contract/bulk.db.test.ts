import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '@cronos/store'
import { startTestedService, tokenOf } from './job-service.ts'

const service = await startTestedService()
const limited = await startTestedService(
  { 'configs.limits.creations-per-second': '2', 'configs.limits.creations-burst': '5' },
  service.database,
)
after(async () => {
  await limited[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

const payload = { task: 'send_email', template: 'hello' }
const immediate = { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE', payload }
const scheduled = (ms: number) => ({
  ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
  runAt: new Date(Date.UTC(2099, 0, 1) + ms).toISOString(),
})
const recurring = { jobType: 'RECURRING', payload, cronExpression: '0 0 3 * * *' }
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

async function countJobs(): Promise<number> {
  const { rows } = await service.db.query<{ count: number }>(
    sql`select count(*) as count from job_definitions`,
  )
  return rows[0]!.count
}

/** The list of mistakes of a bulk that is refused as a whole. */
async function mistakes(jobs: unknown): Promise<string[]> {
  const before = await countJobs()
  const { status, json } = await service.post('/jobs/bulk', { jobs })
  assert.equal(status, 400, JSON.stringify(json))
  assert.equal(await countJobs(), before)
  return [json.message, ...(json.errors ?? [])].map(text => text.replaceAll('"', ''))
}

test('jobs of all kinds are created together and answered in their order', async () => {
  const asked = [immediate, recurring, ...Array.from({ length: 50 }, (_, n) => scheduled(n))]
  const { status, json } = await service.post('/jobs/bulk', { jobs: asked })
  assert.equal(status, 201)
  assert.equal(json.jobs.length, asked.length)
  for (const [n, job] of json.jobs.entries()) {
    assert.match(job.jobId, /^job_/)
    assert.equal(job.status, 'SCHEDULED')
    if (n >= 2) assert.equal(job.nextRunAt, scheduled(n - 2).runAt)
  }
  assert.match(json.jobs[1].nextRunAt, /T03:00:00\.000Z$/)
  const { json: shown } = await service.ask(`/jobs/${json.jobs[7].jobId}`)
  assert.equal(shown.nextRunAt, scheduled(5).runAt)
})

test('10,000 jobs are created in one request, and one more is refused', async () => {
  const before = await countJobs()
  const jobs = Array.from({ length: 10_000 }, (_, n) => scheduled(n))
  const { status, json } = await service.post('/jobs/bulk', { jobs })
  assert.equal(status, 201)
  assert.equal(new Set(json.jobs.map((job: { jobId: string }) => job.jobId)).size, 10_000)
  assert.ok(
    json.jobs.every((job: { nextRunAt: string }, n: number) => job.nextRunAt === jobs[n]!.runAt),
  )
  assert.equal(await countJobs(), before + 10_000)
  assert.deepEqual(await mistakes([...jobs, scheduled(0)]), [
    'jobs must be a list of 1 to 10000 entries, got 10001',
  ])
})

test('a body that is no list of jobs is a 400', async () => {
  assert.deepEqual(await mistakes([]), ['jobs must be a list of 1 to 10000 entries, got 0'])
  assert.deepEqual(await mistakes(undefined), ['jobs must be provided'])
  assert.deepEqual(await mistakes('all'), ['jobs must be a list of 1 to 10000 entries, got all'])
  assert.equal((await service.post('/jobs/bulk', [immediate])).status, 400)
})

test('all or nothing: what is wrong is told for each job, and none is stored', async () => {
  assert.deepEqual(await mistakes([immediate, { ...scheduled(0), runAt: 'noon' }]), [
    'jobs[1].runAt must be an ISO-8601 instant with Z or an offset, such as 2026-11-23T20:44:00Z, got noon',
    'jobs[1].runAt must be an ISO-8601 instant with Z or an offset, such as 2026-11-23T20:44:00Z, got noon',
  ])
  assert.deepEqual(
    await mistakes([
      { ...immediate, payload: 7 },
      immediate,
      'a job',
      null,
      { ...immediate, priority: 'high' },
      { ...recurring, cronExpression: '61 * * * * *' },
      { ...recurring, every: 'PT1S' },
      { ...immediate, retry: { jitter: 2 } },
    ]),
    [
      'jobs[0].payload must be a JSON object, got 7 (and 6 more)',
      'jobs[0].payload must be a JSON object, got 7',
      'jobs[2] must be a JSON object, got a job',
      'jobs[3] must be a JSON object',
      'jobs[4].priority must be one of CRITICAL, HIGH, NORMAL, LOW, got high',
      'jobs[5].cronExpression: Invalid cron expression: second 61 at position 0: second must be from 0 to 59, got 61',
      'jobs[6].cronExpression must not be provided beside every',
      'jobs[7].retry.jitter must be a number from 0 to 1, got 2',
    ],
  )
})

test('a hundred mistakes are listed, and the rest counted', async () => {
  const [message, ...errors] = await mistakes(Array.from({ length: 250 }, () => 7))
  assert.equal(message, 'jobs[0] must be a JSON object, got 7 (and 249 more)')
  assert.equal(errors.length, 100)
  assert.equal(errors[99], 'jobs[99] must be a JSON object, got 7')
})

test('text that cannot be stored is a 400 that names the job', async () => {
  const [message] = await mistakes([immediate, { ...immediate, payload: { task: 'a\0b' } }])
  assert.equal(message, 'jobs[1].payload.task must not contain a NUL character')
})

test('unknown fields of the jobs are told in warnings', async () => {
  const { json } = await service.post('/jobs/bulk', {
    jobs: [immediate, { ...immediate, tiemout: 'PT1S' }],
    atomic: true,
  })
  assert.deepEqual(json.warnings, [
    'atomic is not a field of this request and was ignored',
    'jobs[1].tiemout is not a field of this request and was ignored',
  ])
})

test('a bulk may be larger than a single job, up to 16 MiB', async () => {
  const large = { ...immediate, payload: { ...payload, text: 'x'.repeat(100_000) } }
  const jobs = Array.from({ length: 40 }, () => large)
  assert.equal((await service.post('/jobs/bulk', { jobs })).status, 201)
  assert.equal((await service.post('/jobs', { ...immediate, x: 'x'.repeat(2e6) })).status, 413)
  const tooLarge = `{"jobs":[],"x":"${'x'.repeat(16_777_216)}"}`
  assert.equal((await service.post('/jobs/bulk', tooLarge)).status, 413)
})

test('a bulk that is sent again with its key is answered with the same jobs', async () => {
  const body = { jobs: Array.from({ length: 2_000 }, (_, n) => scheduled(n)) }
  const first = await service.post('/jobs/bulk', body, withKey('bulk'))
  assert.equal(first.status, 201)
  const before = await countJobs()
  const again = await service.post('/jobs/bulk', body, withKey('bulk'))
  assert.equal(again.text, first.text)
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal(await countJobs(), before)
})

test('several bulks at once are all stored', async () => {
  const before = await countJobs()
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      service.post('/jobs/bulk', { jobs: Array.from({ length: 100 }, () => scheduled(n)) }),
    ),
  )
  assert.ok(answers.every(({ status }) => status === 201))
  assert.equal(await countJobs(), before + 600)
})

test('creating in bulk asks for the scope of creating', async () => {
  const token = tokenOf('alice', ['jobs.read', 'jobs.update'])
  assert.equal((await service.post('/jobs/bulk', { jobs: [immediate] }, { token })).status, 403)
})

test('an owner who has created too much of late is told when to come back, and others are not', async () => {
  const as = (owner: string) => ({ token: tokenOf(owner) })
  // The burst is never a bound of one request: it is paid for afterwards.
  const jobs = Array.from({ length: 2_000 }, (_, n) => scheduled(n))
  assert.equal((await limited.post('/jobs/bulk', { jobs }, as('carol'))).status, 201)
  for (const [path, body] of [
    ['/jobs', immediate],
    ['/jobs/bulk', { jobs: [immediate] }],
  ] as const) {
    const { status, headers, json } = await limited.post(path, body, as('carol'))
    assert.equal(status, 429)
    assert.ok(Number(headers.get('retry-after')) > 900)
    assert.match(json.message, /^you have created too many jobs of late, try again in \d+ s$/)
  }
  assert.equal((await limited.post('/jobs', immediate, as('dave'))).status, 201)
})

test('what is answered again is not counted again', async () => {
  const erin = { token: tokenOf('erin'), ...withKey('counted') }
  const body = { jobs: Array.from({ length: 2_000 }, () => immediate) }
  assert.equal((await limited.post('/jobs/bulk', body, erin)).status, 201)
  assert.equal((await limited.post('/jobs/bulk', body, erin)).status, 201)
})

test('a request that was held back by the limit may be sent again with its key', async () => {
  const frank = tokenOf('frank')
  const jobs = Array.from({ length: 100 }, () => immediate)
  await limited.post('/jobs/bulk', { jobs }, { token: frank })
  const held = await limited.post('/jobs', immediate, { token: frank, ...withKey('held') })
  assert.equal(held.status, 429)
  const elsewhere = await service.post('/jobs', immediate, { token: frank, ...withKey('held') })
  assert.equal(elsewhere.status, 201)
})
