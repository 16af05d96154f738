import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '@cronos/store'
import { startTestedService, tokenOf } from './job-service.ts'

/*
 * Requests that are sent again with the same Idempotency-Key, to two instances over one database.
 */

const service = await startTestedService()
const other = await startTestedService({}, service.database)
after(async () => {
  await other[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

const payload = { task: 'send_email', template: 'hello' }
const immediate = { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE', payload }
const scheduled = {
  ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
  runAt: '2099-01-01T00:00:00Z',
}
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

async function countJobs(): Promise<number> {
  const { rows } = await service.db.query<{ count: number }>(
    sql`select count(*) as count from job_definitions`,
  )
  return rows[0]!.count
}

test('a creation that is sent again with its key gives the same answer and no second job', async () => {
  const first = await service.post('/jobs', immediate, withKey('create'))
  assert.equal(first.status, 201)
  assert.equal(first.headers.get('idempotency-replayed'), null)
  const before = await countJobs()
  for (const each of [service, other]) {
    const again = await each.post('/jobs', immediate, withKey('create'))
    assert.equal(again.status, 201)
    assert.equal(again.text, first.text)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.equal(again.headers.get('content-type'), first.headers.get('content-type'))
  }
  assert.equal(await countJobs(), before)
})

test('the answer comes again with the warnings that it had', async () => {
  const body = { ...immediate, tiemZone: 'UTC' }
  const first = await service.post('/jobs', body, withKey('warned'))
  assert.deepEqual(first.json.warnings, ['tiemZone is not a field of this request and was ignored'])
  assert.equal((await service.post('/jobs', body, withKey('warned'))).text, first.text)
})

test('without a key each request is one of its own', async () => {
  const before = await countJobs()
  await service.post('/jobs', immediate)
  await service.post('/jobs', immediate)
  assert.equal(await countJobs(), before + 2)
})

test('of many requests with one key at once, at two instances, one job comes', async () => {
  const before = await countJobs()
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      (n % 2 === 0 ? service : other).post('/jobs', immediate, withKey('at-once')),
    ),
  )
  assert.equal(await countJobs(), before + 1)
  const jobs = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text))
  assert.equal(jobs.size, 1)
  for (const { status, headers } of answers)
    if (status !== 201) {
      assert.equal(status, 409)
      assert.equal(headers.get('retry-after'), '1')
    }
})

test('many requests with keys of their own at once are all carried out', async () => {
  const before = await countJobs()
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => service.post('/jobs', immediate, withKey(`many-${n}`))),
  )
  assert.ok(answers.every(({ status }) => status === 201))
  assert.equal(new Set(answers.map(({ json }) => json.jobId)).size, 100)
  assert.equal(await countJobs(), before + 100)
})

test('a key that comes with another body, path or query is a 422, and nothing is done', async () => {
  await service.post('/jobs', immediate, withKey('reused'))
  const before = await countJobs()
  for (const [path, body] of [
    ['/jobs', scheduled],
    ['/jobs', `${JSON.stringify(immediate)} `],
    ['/jobs?x=1', immediate],
    ['/jobs/bulk', { jobs: [immediate] }],
  ] as const) {
    const { status, json } = await service.post(path, body, withKey('reused'))
    assert.equal(status, 422)
    assert.match(json.message, /Idempotency-Key came before/)
  }
  assert.equal(await countJobs(), before)
})

test('each owner has keys of their own', async () => {
  const alice = await service.post('/jobs', immediate, withKey('shared'))
  const bob = await service.post('/jobs', immediate, {
    ...withKey('shared'),
    token: tokenOf('bob'),
  })
  assert.equal(bob.status, 201)
  assert.notEqual(bob.json.jobId, alice.json.jobId)
})

test('a key is 1 to 255 visible characters, else a 400', async () => {
  for (const key of ['', 'a b', 'é', 'x'.repeat(256)]) {
    const headers = { 'idempotency-key': key }
    const { status, json } = await service.post('/jobs', immediate, { headers })
    assert.equal(status, 400, key)
    assert.match(json.message, /^Idempotency-Key must be 1 to 255 visible/)
  }
  for (const key of ['!', '~', 'x'.repeat(255)])
    assert.equal((await service.post('/jobs', immediate, withKey(key))).status, 201)
})

test('a request that was wrong may be sent again with its key and put right', async () => {
  const wrong = await service.post('/jobs', { ...immediate, payload: 7 }, withKey('corrected'))
  assert.equal(wrong.status, 400)
  assert.equal((await service.post('/jobs', immediate, withKey('corrected'))).status, 201)
})

test('a refusal that depends on the job is given again as it was', async () => {
  const path = `/jobs/${(await service.post('/jobs', scheduled)).json.jobId}`
  const move = { runAt: '2001-01-01T00:00:00Z' }
  const first = await service.post(`${path}/reschedule`, move, withKey('refused'))
  assert.equal(first.status, 400)
  const again = await other.post(`${path}/reschedule`, move, withKey('refused'))
  assert.equal(again.status, 400)
  assert.equal(again.text, first.text)
})

test('a cancel that is sent again with its key is done, where without one it would be refused', async () => {
  const path = `/jobs/${(await service.post('/jobs', scheduled)).json.jobId}/cancel`
  const cancel = (key: string | null) =>
    service.ask(path, { method: 'POST', ...(key === null ? {} : withKey(key)) })
  assert.equal((await cancel('cancel')).status, 204)
  const again = await cancel('cancel')
  assert.equal(again.status, 204)
  assert.equal(again.text, '')
  assert.equal(again.headers.get('idempotency-replayed'), 'true')
  assert.equal((await cancel(null)).status, 400)
})

test('after a crash before the commit the same request creates the job', async () => {
  await service.post('/jobs', immediate, withKey('crash-before'))
  await service.db.query(sql`
    update idempotency set status = null, body = null, token = gen_random_uuid()
     where key = 'crash-before'`)
  assert.equal((await service.post('/jobs', immediate, withKey('crash-before'))).status, 409)
  await service.db.query(sql`
    update idempotency set lease_until = now() where key = 'crash-before'`)
  const { status, headers } = await service.post('/jobs', immediate, withKey('crash-before'))
  assert.equal(status, 201)
  assert.equal(headers.get('idempotency-replayed'), null)
})

test('a handling that was taken over creates nothing', async () => {
  const before = await countJobs()
  // What another handling of the request does between the claim and the commit of this one.
  await service.db.query(sql`
    create function take_over() returns trigger language plpgsql as $$
    begin
      update idempotency set token = gen_random_uuid() where key = 'taken-over';
      return null;
    end $$`)
  await service.db.query(sql`
    create trigger take_over after insert on job_definitions
       for each statement execute function take_over()`)
  const { status } = await service.post('/jobs', immediate, withKey('taken-over'))
  await service.db.query(sql`drop trigger take_over on job_definitions`)
  assert.equal(status, 409)
  assert.equal(await countJobs(), before)
})

test('a request that could not be answered gives its key back', async () => {
  await service.db.query(sql`
    create function be_away() returns trigger language plpgsql as $$
    begin
      raise exception 'away' using errcode = '57P03';
    end $$`)
  await service.db.query(sql`
    create trigger be_away before insert on job_definitions
       for each statement execute function be_away()`)
  assert.equal((await service.post('/jobs', immediate, withKey('away'))).status, 503)
  await service.db.query(sql`drop trigger be_away on job_definitions`)
  const { status, headers } = await service.post('/jobs', immediate, withKey('away'))
  assert.equal(status, 201)
  assert.equal(headers.get('idempotency-replayed'), null)
})

test('the API document names the key where it may be given, and nowhere else', async () => {
  const { json } = await service.ask('/../../openapi.json')
  const named = (method: string, path: string) =>
    (json.paths[`/job-service/api/v1${path}`][method].parameters ?? []).some(
      (parameter: { name: string; in: string }) =>
        parameter.in === 'header' && parameter.name === 'idempotency-key',
    )
  assert.ok(named('post', '/jobs'))
  assert.ok(named('post', '/jobs/bulk'))
  assert.ok(named('post', '/jobs/{jobId}/cancel'))
  assert.ok(!named('get', '/jobs'))
})

test('a job that is triggered or cloned again with the same key has one run and one clone', async () => {
  const { jobId } = (await service.post('/jobs', scheduled)).json
  for (const control of ['trigger', 'clone']) {
    const first = await service.post(`/jobs/${jobId}/${control}`, {}, withKey(control))
    assert.ok(first.status === 202 || first.status === 201, first.text)
    const jobs = await countJobs()
    const again = await other.post(`/jobs/${jobId}/${control}`, {}, withKey(control))
    assert.equal(again.text, first.text)
    assert.equal(await countJobs(), jobs)
  }
  assert.equal((await service.ask(`/jobs/${jobId}/runs`)).json.length, 2)
})

test('a trigger whose answer cannot be kept with it has not happened', async () => {
  const { jobId } = (await service.post('/jobs', scheduled)).json
  await service.db.query(sql`
    create function refuse_answer() returns trigger language plpgsql as
      $$ begin raise exception 'no room'; end $$`)
  await service.db.query(sql`
    create trigger refuse_answer before update on idempotency
      for each row when (new.body is not null) execute function refuse_answer()`)
  try {
    const { status } = await service.post(`/jobs/${jobId}/trigger`, {}, withKey('unkept'))
    assert.ok(status >= 500, `answered ${status}`)
  } finally {
    await service.db.query(sql`drop trigger refuse_answer on idempotency`)
  }
  assert.equal((await service.ask(`/jobs/${jobId}/runs`)).json.length, 1)
})
