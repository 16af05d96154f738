import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { jobConfig, startJobService } from '@cronos/job-service'
import { givenValues, loadConfig, openLog, Secret, tokenIssuer } from '@cronos/runtime'
import { sql } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'

/*
 * The job-service over real HTTP on a real database, without executors: jobs stay as they were
 * asked for.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
const secret = new Secret('a secret of the tests that is as long as it has to be: 64 bytes or more')
const issuer = tokenIssuer(secret, { accessMs: 900_000, refreshMs: 900_000, serviceMs: 900_000 })
const config = loadConfig(jobConfig, [
  givenValues('test', {
    'configs.server.host': '127.0.0.1',
    'configs.server.port': '0',
    'configs.jobDb.url': database.address.url,
    'secrets.datasource.username': database.address.user,
    'secrets.datasource.password': database.address.password,
    'secrets.jwt.secret': secret.reveal(),
  }),
])
const service = await startJobService(
  {
    db,
    reads: database.pool('general'),
    log: openLog('job-service', process.env['CRONOS_TEST_LOG'] ?? 'silent'),
    tellWake: () => {},
  },
  config,
)
await service.ready
after(async () => {
  await service[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const root = `http://127.0.0.1:${service.port}/job-service`
const allScopes = ['jobs.create', 'jobs.read', 'jobs.update']

function tokenOf(userId: string, scopes: readonly string[] = allScopes): string {
  return issuer.issueAccess({ userId, username: userId, roles: ['ROLE_USER'], scopes })
}

interface Asked {
  readonly method?: string
  readonly token?: string | null
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function ask(
  path: string,
  { method = 'GET', token = tokenOf('alice'), body, headers = {} }: Asked = {},
) {
  const response = await fetch(`${root}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    // biome-ignore lint/suspicious/noExplicitAny: what a client sees of an answer has no type
    json: (text === '' ? null : JSON.parse(text)) as any,
  }
}

const payload = { task: 'send_email', template: 'sending email job now' }
const immediate = { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE', payload }
const scheduled = {
  ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
  runAt: '2099-01-01T00:00:00.197181Z',
}
const recurring = { jobType: 'RECURRING', payload, cronExpression: '0 */2 * * * *' }

const create = (body: unknown, token = tokenOf('alice')) =>
  ask('/api/v1/jobs', { method: 'POST', body, token })

async function created(body: unknown, token = tokenOf('alice')): Promise<string> {
  const { status, json } = await create(body, token)
  assert.equal(status, 201)
  return json.jobId
}

/** What is refused, and the message that says why. */
async function assertRefused(body: unknown, message: string | RegExp): Promise<void> {
  const { status, json } = await create(body)
  assert.equal(status, 400, JSON.stringify(json))
  if (typeof message === 'string') assert.equal(json.message, message)
  else assert.match(json.message, message)
}

test('the three kinds of job are stored and answered with their next fire time', async () => {
  const now = await create(immediate)
  assert.equal(now.status, 201)
  assert.match(now.json.jobId, /^job_[0-9a-f-]{36}$/)
  assert.equal(now.json.status, 'SCHEDULED')
  assert.ok(Math.abs(Date.parse(now.json.nextRunAt) - Date.now()) < 60_000)
  const later = await create(scheduled)
  assert.equal(Date.parse(later.json.nextRunAt), Date.parse(scheduled.runAt))
  const often = await create(recurring)
  const next = new Date(often.json.nextRunAt)
  assert.equal(next.getTime() % 120_000, 0)
  assert.ok(next.getTime() > Date.now() - 1_000)
})

test('the 400 messages name the rule that is broken', async () => {
  const { executionMode: _mode, ...without } = immediate
  await assertRefused(without, 'executionMode must be provided for ONE_TIME jobs')
  await assertRefused(
    { ...immediate, runAt: scheduled.runAt },
    'runAt must be null for IMMEDIATE jobs',
  )
  await assertRefused({ ...scheduled, runAt: null }, 'runAt must be provided for SCHEDULED jobs')
  await assertRefused(
    { ...immediate, cronExpression: '* * * * * *' },
    'cronExpression must not be provided for ONE_TIME jobs',
  )
  await assertRefused(
    { ...recurring, cronExpression: null },
    'cronExpression must be provided for RECURRING jobs',
  )
  await assertRefused(
    { ...recurring, executionMode: 'IMMEDIATE' },
    'executionMode must not be provided for RECURRING jobs',
  )
  await assertRefused({ ...recurring, runAt: scheduled.runAt }, /^runAt must be null/)
  await assertRefused({ ...recurring, cronExpression: 'every day' }, /^Invalid cron expression: /)
  await assertRefused(
    { ...recurring, cronExpression: '0 0 0 31 2 *' },
    /^Invalid cron expression: /,
  )
  await assertRefused({ executionMode: 'IMMEDIATE', payload }, 'jobType must be provided')
  await assertRefused(
    { ...immediate, jobType: 'one_time' },
    /^jobType must be one of ONE_TIME, RECURRING/,
  )
  await assertRefused({ ...immediate, executionMode: 'NOW' }, /^executionMode must be one of/)
  await assertRefused({ ...immediate, payload: undefined }, 'payload must be provided')
  for (const wrong of ['text', [1], 7, true])
    await assertRefused({ ...immediate, payload: wrong }, /^payload must be a JSON object/)
  await assertRefused({ ...recurring, cronExpression: 7 }, /^cronExpression must be text/)
})

test('a blank cron expression is none', async () => {
  await created({ ...immediate, cronExpression: '  ' })
  await assertRefused(
    { ...recurring, cronExpression: ' ' },
    'cronExpression must be provided for RECURRING jobs',
  )
})

test('a runAt without a zone, or that is no instant, is refused and the field is named', async () => {
  for (const runAt of ['2099-01-01T00:00:00', '2099-01-01', 'tomorrow', '', '2099-02-30T00:00:00Z'])
    await assertRefused({ ...scheduled, runAt }, /^runAt must be an ISO-8601 instant/)
  await assertRefused({ ...scheduled, runAt: 1_795_000_000 }, /^runAt must be text/)
})

test('a runAt with an offset is turned into UTC, and one in the past is due at once', async () => {
  const offset = await create({ ...scheduled, runAt: '2099-01-01T02:00:00+02:00' })
  assert.equal(offset.json.nextRunAt, '2099-01-01T00:00:00.000Z')
  const past = await create({ ...scheduled, runAt: '2025-12-28T08:26:00.197181Z' })
  assert.equal(past.status, 201)
  assert.equal(past.json.nextRunAt, '2025-12-28T08:26:00.197Z')
})

test('a body that is no JSON object is a 400', async () => {
  for (const body of ['', '{', 'null', '[]', '"text"', '7'])
    assert.equal((await create(body)).status, 400, body)
})

test('a body that is not JSON by its type is a 415, and a charset is fine', async () => {
  const asText = await ask('/api/v1/jobs', {
    ...{ method: 'POST', body: immediate, headers: { 'content-type': 'text/plain' } },
  })
  assert.equal(asText.status, 415)
  const charset = await ask('/api/v1/jobs', {
    ...{
      method: 'POST',
      body: immediate,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    },
  })
  assert.equal(charset.status, 201)
})

test('a body that is too large is a 413', async () => {
  const body = { ...immediate, payload: { ...payload, data: 'x'.repeat(2_000_000) } }
  assert.equal((await create(body)).status, 413)
})

test('text that cannot be stored is a 400, however deep it lies', async () => {
  await assertRefused({ ...immediate, payload: { task: 'send_email', template: 'a\0b' } }, /NUL/)
  await assertRefused({ ...immediate, payload: { deep: [{ 'k\0': 1 }] } }, /NUL/)
  const half = JSON.stringify(immediate).replace('sending', '\\ud800')
  assert.equal((await create(half)).status, 400)
})

test('a payload as deep or odd as JSON allows is a job or a 400, never a 500', async () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const bodies = [
    `{"jobType":"ONE_TIME","executionMode":"IMMEDIATE","payload":{"a":${deep}}}`,
    '{"jobType":"ONE_TIME","executionMode":"IMMEDIATE","payload":{"a":1e400}}',
    '{"jobType":"ONE_TIME","executionMode":"IMMEDIATE","payload":{"__proto__":{"a":1}}}',
    '{"jobType":"ONE_TIME","executionMode":"IMMEDIATE","payload":{"constructor":{"prototype":1}}}',
    '{"jobType":"ONE_TIME","executionMode":"IMMEDIATE","payload":{"":"","a":1,"a":2}}',
  ]
  for (const body of bodies) {
    const { status } = await create(body)
    assert.ok(status === 201 || status === 400, `${status} for ${body.slice(0, 100)}`)
  }
})

test('unknown fields are told in warnings, and what the server owns is not taken from a client', async () => {
  const { status, json } = await create({
    ...immediate,
    jobId: 'job_mine',
    runat: '2099-01-01T00:00:00Z',
    retry: { maxAttemps: 5 },
  })
  assert.equal(status, 201)
  assert.notEqual(json.jobId, 'job_mine')
  assert.equal(json.warnings.length, 3)
  assert.match(json.warnings.join(' '), /runat .* retry\.maxAttemps /)
})

test('an unknown task is a job: which tasks there are is for the executors to say', async () => {
  assert.equal((await create({ ...immediate, payload: { task: 'send_fax' } })).status, 201)
  assert.equal((await create({ ...immediate, payload: {} })).status, 201)
})

test('the payload is kept as it is', async () => {
  const kept = {
    task: 'Send_Email',
    template: '',
    data: { n: 1.5, list: [null, true], text: 'grüße ✓' },
  }
  const jobId = await created({ ...immediate, payload: kept })
  assert.deepEqual((await ask(`/api/v1/jobs/${jobId}`)).json.payload, kept)
})

test('the list holds the eight fields of one’s own jobs, newest first', async () => {
  const token = tokenOf('lister')
  assert.deepEqual((await ask('/api/v1/jobs', { token })).json, [])
  const ids: string[] = []
  for (const body of [immediate, scheduled, recurring]) ids.unshift(await created(body, token))
  const { status, json } = await ask('/api/v1/jobs', { token })
  assert.equal(status, 200)
  assert.deepEqual(
    json.map((job: { jobId: string }) => job.jobId),
    ids,
  )
  assert.deepEqual(Object.keys(json[0]).toSorted(), [
    ...['attempts', 'createdAt', 'failedAt', 'failureReason'],
    ...['jobId', 'jobType', 'nextRunAt', 'status'],
  ])
  assert.equal(json[0].attempts, 0)
  const page = (query: string) => ask(`/api/v1/jobs?${query}`, { token }).then(({ json }) => json)
  assert.equal((await page('size=2')).length, 2)
  assert.deepEqual((await page('size=2&page=2'))[0].jobId, ids[2])
  assert.deepEqual(await page('page=99'), [])
  assert.deepEqual(await page('page=9007199254740991&size=100'), [])
  assert.equal((await page('page=0')).length, 3)
  assert.equal((await page('page=-5')).length, 3)
  assert.equal((await page('jobType=RECURRING')).length, 1)
  assert.equal((await page('status=SCHEDULED')).length, 3)
  assert.equal((await page('status=FAILED')).length, 0)
  const { createdAt } = json[1]
  assert.equal((await page(`from=${createdAt}&to=${createdAt}`))[0].jobId, ids[1])
  assert.equal((await page('unknown=1')).length, 3)
})

test('a query value that does not parse or is out of range is a 400 that names it', async () => {
  const wrong = [
    ...['size=0', 'size=101', 'size=ten', 'size=', 'size=1.5', 'page=x', 'page=1e3'],
    ...['status=scheduled', 'status=', 'jobType=DAILY', 'from=yesterday', 'to=2026-01-01'],
    'from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z',
  ]
  for (const query of wrong) {
    const { status, json } = await ask(`/api/v1/jobs?${query}`)
    assert.equal(status, 400, query)
    assert.ok(json.message.includes(query.split('=')[0]!), json.message)
  }
})

test('a job that waits is cancelled for good, and a second time is refused', async () => {
  for (const body of [scheduled, recurring]) {
    const jobId = await created(body)
    const cancel = () => ask(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST' })
    const { status, json } = await cancel()
    assert.equal(status, 204)
    assert.equal(json, null)
    assert.equal((await ask(`/api/v1/jobs/${jobId}`)).json.status, 'CANCELLED')
    const again = await cancel()
    assert.equal(again.status, 400)
    assert.equal(again.json.message, 'Job cannot be cancelled in status CANCELLED')
  }
})

test('a cancel may carry an empty body, whatever its type', async () => {
  const headers = { 'content-type': 'application/json' }
  const jobId = await created(scheduled)
  assert.equal((await ask(`/api/v1/jobs/${jobId}/cancel`, { method: 'POST', headers })).status, 204)
})

test('a job that waits for its instant is moved; every other one is refused', async () => {
  const move = (jobId: string, body: unknown) =>
    ask(`/api/v1/jobs/${jobId}/reschedule`, { method: 'POST', body })
  const jobId = await created(scheduled)
  assert.equal((await move(jobId, { runAt: '2032-01-01T00:00:00Z' })).status, 204)
  assert.equal((await ask(`/api/v1/jobs/${jobId}`)).json.nextRunAt, '2032-01-01T00:00:00.000Z')
  for (const runAt of [undefined, null, 7, '', 'soon', '2032-01-01', '2001-01-01T00:00:00Z']) {
    const { status, json } = await move(jobId, { runAt })
    assert.equal(status, 400, String(runAt))
    assert.match(json.message, /^runAt /)
  }
  for (const other of [immediate, recurring]) {
    const otherId = await created(other)
    assert.equal((await move(otherId, { runAt: '2032-01-01T00:00:00Z' })).status, 400)
  }
})

test('an unknown job and another owner’s job answer the same 404', async () => {
  const jobId = await created(scheduled)
  const token = tokenOf('mallory')
  const unknown = 'job_92daa91d-de99-4e82-8f1d-593f03a50ad8'
  for (const id of [jobId, unknown, 'job_x', 'x', '%00', 'a'.repeat(400)]) {
    const body = { runAt: '2032-01-01T00:00:00Z' }
    const answers = [
      await ask(`/api/v1/jobs/${id}`, { token }),
      await ask(`/api/v1/jobs/${id}/runs`, { token }),
      await ask(`/api/v1/jobs/${id}/cancel`, { method: 'POST', token }),
      await ask(`/api/v1/jobs/${id}/reschedule`, { method: 'POST', token, body }),
    ]
    for (const { status, json } of answers) {
      assert.equal(status, 404)
      assert.equal(json.error, 'Not Found')
    }
  }
  assert.equal((await ask(`/api/v1/jobs/${jobId}`)).json.status, 'SCHEDULED')
})

test('a run shows where it stands, to its owner alone', async () => {
  const jobId = await created(scheduled)
  const { json: runs } = await ask(`/api/v1/jobs/${jobId}/runs`)
  assert.equal(runs.length, 1)
  const { status, json } = await ask(`/api/v1/runs/${runs[0].runId}`)
  assert.equal(status, 200)
  assert.equal(json.status, 'PENDING')
  assert.equal(json.scheduledAt, '2099-01-01T00:00:00.197Z')
  assert.deepEqual(json.attempts, [])
  assert.equal(json.tzdata, null)
  assert.deepEqual(json.artifacts, [])
  const mallory = { token: tokenOf('mallory') }
  assert.equal((await ask(`/api/v1/runs/${runs[0].runId}`, mallory)).status, 404)
  const files = `/api/v1/runs/${runs[0].runId}/artifacts/report.pdf`
  assert.equal((await ask(files)).status, 404)
  assert.equal((await ask(files.replace('report.pdf', '%00'))).status, 404)
  for (const id of ['run_x', `run_${jobId.slice(4)}_1`, `run_${jobId.slice(4)}_9007199254740991`])
    assert.equal((await ask(`/api/v1/runs/${id}`)).status, 404)
})

test('the mailbox is empty until something is caught, and an unknown mail is a 404', async () => {
  assert.deepEqual((await ask('/api/v1/mails')).json, [])
  for (const id of ['mail_x', 'x', 'mail_92daa91d-de99-4e82-8f1d-593f03a50ad8_1'])
    assert.equal((await ask(`/api/v1/mails/${id}`)).status, 404)
})

test('without a good token a call is a 401 that says how to ask', async () => {
  const tokens = [
    ...[null, '', 'x', 'a.b.c', `${tokenOf('alice')}x`],
    issuer.issueRefresh({ userId: 'alice', username: 'alice' }),
    issuer.issueService({ clientId: 'x', audience: 'job-service', scopes: allScopes }),
  ]
  for (const token of tokens) {
    const { status, headers, json } = await ask('/api/v1/jobs', { token })
    assert.equal(status, 401, String(token))
    assert.equal(headers.get('www-authenticate'), 'Bearer')
    assert.equal(json.error, 'Unauthorized')
  }
})

test('the scheme may be written in any letter case and with more blanks', async () => {
  for (const scheme of ['Bearer  ', 'bearer ', 'BEARER   ']) {
    const headers = { authorization: `${scheme}${tokenOf('alice')}` }
    assert.equal((await ask('/api/v1/jobs', { token: null, headers })).status, 200)
  }
})

test('each call asks for its scope', async () => {
  const jobId = await created(scheduled)
  const only = (scope: string) => tokenOf('alice', [scope])
  assert.equal((await create(immediate, only('jobs.read'))).status, 403)
  assert.equal((await ask('/api/v1/jobs', { token: only('jobs.create') })).status, 403)
  assert.equal((await ask(`/api/v1/jobs/${jobId}`, { token: only('jobs.update') })).status, 403)
  const cancel = `/api/v1/jobs/${jobId}/cancel`
  assert.equal((await ask(cancel, { method: 'POST', token: only('jobs.read') })).status, 403)
  assert.equal((await ask('/api/v1/mails', { token: only('jobs.create') })).status, 403)
})

test('when several things are wrong the answer is the first in the order of the contract', async () => {
  const big = 'x'.repeat(2_000_000)
  const text = { 'content-type': 'text/plain' }
  assert.equal((await ask('/api/v1/nothing', { token: null })).status, 404)
  const wrongMethod = await ask('/api/v1/jobs', { method: 'DELETE', token: null })
  assert.equal(wrongMethod.status, 405)
  assert.match(wrongMethod.headers.get('allow') ?? '', /GET.*POST|POST.*GET/)
  const post = (asked: Asked) => ask('/api/v1/jobs', { method: 'POST', body: big, ...asked })
  assert.equal((await post({ token: null, headers: text })).status, 401)
  assert.equal((await post({ token: tokenOf('alice', []), headers: text })).status, 403)
  assert.equal((await post({ headers: text })).status, 413)
  assert.equal((await post({ body: '{', headers: text })).status, 415)
  const unknown = '/api/v1/jobs/job_x/reschedule'
  assert.equal((await ask(unknown, { method: 'POST', body: {} })).status, 400)
})

test('an error tells when, what and where, and nothing else', async () => {
  const { json } = await create({ ...immediate, jobType: 'X' })
  assert.deepEqual(Object.keys(json).toSorted(), [
    'error',
    'message',
    'path',
    'status',
    'timestamp',
  ])
  assert.equal(json.path, '/job-service/api/v1/jobs')
  assert.equal(json.error, 'Bad Request')
  assert.ok(!Number.isNaN(Date.parse(json.timestamp)))
})

test('many jobs at once are all stored, each under its own id', async () => {
  const token = tokenOf('crowd')
  const answers = await Promise.all(Array.from({ length: 200 }, () => create(immediate, token)))
  assert.ok(answers.every(answer => answer.status === 201))
  assert.equal(new Set(answers.map(answer => answer.json.jobId)).size, 200)
  const { rows } = await db.query<{ count: number }>(
    sql`select count(*) from jobs where created_by = 'crowd'`,
  )
  assert.equal(rows[0]?.count, 200)
})

test('a recurring job is read in its own time zone, with its choice at clock changes', async () => {
  const cronExpression = '0 30 2 * * *'
  const dst = { gap: 'shift', overlap: 'first' }
  const jobId = await created({ ...recurring, cronExpression, timeZone: 'europe/berlin', dst })
  const { json } = await ask(`/api/v1/jobs/${jobId}`)
  assert.equal(json.timeZone, 'Europe/Berlin')
  const { json: runs } = await ask(`/api/v1/jobs/${jobId}/runs`)
  assert.equal((await ask(`/api/v1/runs/${runs[0].runId}`)).json.tzdata, process.versions['tz'])
  assert.deepEqual(json.dst, dst)
  const hour = new Intl.DateTimeFormat('en', {
    ...{ timeZone: 'Europe/Berlin', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' },
  }).format(new Date(json.nextRunAt))
  assert.match(hour, /^0?[23]:30$/)
  await assertRefused(
    { ...recurring, timeZone: 'Mars/Olympus' },
    /^timeZone must be an IANA time zone/,
  )
  await assertRefused(
    { ...recurring, dst: { gap: 'jump' } },
    /^dst\.gap must be one of skip, shift/,
  )
  await assertRefused({ ...immediate, timeZone: 'UTC' }, /^timeZone must not be provided/)
})

const preview = (body: unknown) => ask('/api/v1/cron/preview', { method: 'POST', body })

test('a preview tells an expression in words, its fire times, and what the clock does to them', async () => {
  const { status, json } = await preview({
    ...{ cronExpression: '0 30 2 * * ?', timeZone: 'Europe/Berlin', count: 3 },
    after: '2026-03-27T12:00:00Z',
  })
  assert.equal(status, 200)
  assert.match(json.words, /02:30|2:30/)
  assert.equal(json.timeZone, 'Europe/Berlin')
  assert.deepEqual(json.fires, [
    { at: '2026-03-28T01:30:00.000Z', local: '2026-03-28T02:30:00+01:00' },
    { at: null, local: '2026-03-29T02:30:00', dst: 'dropped' },
    { at: '2026-03-30T00:30:00.000Z', local: '2026-03-30T02:30:00+02:00' },
    { at: '2026-03-31T00:30:00.000Z', local: '2026-03-31T02:30:00+02:00' },
  ])
  assert.ok(json.warnings.some((warning: { code: string }) => warning.code === 'CLOCK_CHANGE'))
  const nulls = { timeZone: null, dst: null, count: null, after: null }
  assert.equal((await preview({ cronExpression: '@daily', ...nulls })).json.fires.length, 10)
  const typo = await preview({ cronExpression: '@daily', timezone: 'Asia/Tokyo' })
  assert.equal(typo.json.warnings[0].code, 'UNKNOWN_FIELD')
  const never = await preview({ cronExpression: '0 0 0 31 2 *' })
  assert.deepEqual(never.json.fires, [])
  assert.equal(never.json.warnings[0].code, 'NEVER_FIRES')
})

test('a preview of what is no cron names the field, the text, its place and what would be right', async () => {
  const { status, json } = await preview({ cronExpression: '0 0 25 * * *' })
  assert.equal(status, 400)
  assert.match(json.message, /hour "25" at position 4: .*23/)
  assert.equal((await preview({})).json.message, 'cronExpression must be provided')
  assert.match(
    (await preview({ cronExpression: '@daily', count: 0 })).json.message,
    /^count must be/,
  )
  assert.match(
    (await preview({ cronExpression: '@daily', after: 'x' })).json.message,
    /^after must be/,
  )
})

test('a forecast counts the fires of one’s own jobs, bucket by bucket', async () => {
  const token = tokenOf('forecaster')
  const window = 'from=2099-01-01T00:00:00Z&to=2099-01-01T03:00:00Z&bucket=1h'
  const read = async () => (await ask(`/api/v1/forecast?${window}`, { token })).json
  assert.deepEqual(
    (await read()).buckets.map((bucket: { fires: number }) => bucket.fires),
    [0, 0, 0],
  )
  await created({ ...recurring, cronExpression: '0 */10 1 * * *' }, token)
  await created({ ...scheduled, runAt: '2099-01-01T02:30:00Z' }, token)
  const { jobs, buckets } = await read()
  assert.equal(jobs, 1)
  assert.deepEqual(
    buckets.map((bucket: { fires: number }) => bucket.fires),
    [0, 6, 1],
  )
  assert.equal(buckets[0].busySlots, null)
  const iso = await ask(`/api/v1/forecast?${window.replace('1h', 'PT1H')}`, { token })
  assert.deepEqual(iso.json.buckets, buckets)
})

test('a forecast ends with the year 9999', async () => {
  const { status, json } = await ask('/api/v1/forecast?from=9999-12-31T12:00:00Z')
  assert.equal(status, 200)
  assert.equal(json.to, '9999-12-31T23:59:59.999Z')
})

test('a forecast of what cannot be cut is refused', async () => {
  const wrong = [
    ...[
      'bucket=x',
      'bucket=1ms',
      'bucket=PT0S',
      'bucket=PT0.5S',
      'bucket=P1M',
      'from=x',
      'to=2001-01-01T00:00:00Z',
    ],
    'from=2026-01-01T00:00:00Z&to=2028-01-01T00:00:00Z',
    'from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z&bucket=1s',
  ]
  for (const query of wrong)
    assert.equal((await ask(`/api/v1/forecast?${query}`)).status, 400, query)
})

test('health and the API document are there without a token', async () => {
  for (const path of ['/health', '/health/live', '/health/ready', '/openapi.json'])
    assert.equal((await ask(path, { token: null })).status, 200, path)
  const rootHealth = await fetch(`http://127.0.0.1:${service.port}/health`)
  assert.deepEqual(await rootHealth.json(), { status: 'UP' })
  const { json } = await ask('/openapi.json', { token: null })
  const { patch } = json.paths['/job-service/api/v1/jobs/{jobId}']
  for (const status of ['404', '412', '413', '415']) assert.ok(patch.responses[status], status)
  assert.equal(json.openapi.slice(0, 3), '3.1')
  assert.ok(json.paths['/job-service/api/v1/jobs'].post)
  const docs = await fetch(`${root}/docs`)
  assert.equal(docs.status, 200)
  assert.match(docs.headers.get('content-type') ?? '', /text\/html/)
})

test('a run that is held because its executor vanished is resolved by its owner, and by nobody else', async () => {
  const jobId = await created({ ...immediate, onLost: 'hold' })
  const { rows } = await db.query<{ ms: number }>(sql`
    update runs_live set hold = 'UNKNOWN', wake_at = null, attempt = 1, lost = 1
     where 'job_' || job_id = ${jobId}
    returning (extract(epoch from scheduled_at) * 1000)::bigint as ms`)
  const path = `/api/v1/runs/${jobId.replace('job_', 'run_')}_${rows[0]!.ms}/resolve`
  const resolve = (body: unknown, token = tokenOf('alice')) =>
    ask(path, { method: 'POST', body, token })
  assert.equal((await resolve({ as: 'succeeded' }, tokenOf('mallory'))).status, 404)
  assert.equal((await resolve({ as: 'succeeded' }, tokenOf('alice', ['jobs.read']))).status, 403)
  assert.equal((await resolve({ as: 'done' })).status, 400)
  assert.equal((await resolve({ as: 'succeeded' })).status, 204)
  assert.equal((await resolve({ as: 'succeeded' })).status, 400)
  const job = await ask(`/api/v1/jobs/${jobId}`)
  assert.equal(job.json.status, 'COMPLETED')
})
