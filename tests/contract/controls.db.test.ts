import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '@cronos/store'
import { startTestedService, tokenOf } from './job-service.ts'

/* Controls of jobs and runs over real HTTP on a real database, without executors. */

const service = await startTestedService()
const { db, ask, post } = service
after(() => service[Symbol.asyncDispose]())

const payload = { task: 'send_email', template: 'hello', data: { a: 1, b: 2 } }
const scheduled = {
  ...{ jobType: 'ONE_TIME', executionMode: 'SCHEDULED', payload },
  runAt: '2099-01-01T00:00:00.197Z',
}
const recurring = { jobType: 'RECURRING', payload, cronExpression: '0 0 3 * * *' }
const immediate = { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE', payload }

async function created(body: object, token = tokenOf('alice')): Promise<string> {
  const { status, json } = await post('/jobs', body, { token })
  assert.equal(status, 201, json.message)
  return json.jobId
}

type Paused = { paused: { note: string } }
type NotDone = { jobId: string; code: string }

const patch = (jobId: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(`/jobs/${jobId}`, { method: 'PATCH', body, headers })

async function runOf(jobId: string): Promise<string> {
  return (await ask(`/jobs/${jobId}/runs`)).json[0].runId
}

test('a job is paused with a note and resumed, and a second time changes nothing', async () => {
  const jobId = await created(recurring)
  const paused = await post(`/jobs/${jobId}/pause`, { note: 'stocktaking' })
  assert.equal(paused.status, 200)
  assert.equal(paused.json.status, 'PAUSED')
  assert.equal(paused.json.paused.note, 'stocktaking')
  assert.equal(paused.headers.get('etag'), '"2"')
  const { json } = await ask(`/jobs/${jobId}`)
  assert.deepEqual([json.status, json.paused], ['PAUSED', paused.json.paused])
  assert.deepEqual((await ask(`/jobs/${jobId}/pause`, { method: 'POST' })).json, paused.json)
  const resumed = await ask(`/jobs/${jobId}/resume`, { method: 'POST' })
  assert.equal(resumed.status, 200)
  const { nextRunAt, ...rest } = resumed.json
  assert.deepEqual(rest, { jobId, missed: 0, skipped: 0, became: 'NOTHING' })
  assert.equal((await ask(`/jobs/${jobId}`)).json.nextRunAt, nextRunAt)
  const again = await ask(`/jobs/${jobId}/resume`, { method: 'POST' })
  assert.deepEqual([again.status, again.json], [200, resumed.json])
})

test('a job that has ended is refused by every control, which names its status', async () => {
  const jobId = await created(scheduled)
  assert.equal((await post(`/jobs/${jobId}/cancel`, undefined)).status, 204)
  for (const [control, doing] of [
    ['pause', 'paused'],
    ['resume', 'resumed'],
    ['trigger', 'triggered'],
  ]) {
    const { status, json } = await ask(`/jobs/${jobId}/${control}`, { method: 'POST' })
    assert.equal(status, 400)
    assert.equal(json.message, `Job cannot be ${doing} in status CANCELLED`)
  }
  const edited = await patch(jobId, { name: 'x' })
  assert.deepEqual(
    [edited.status, edited.json.message],
    [400, 'Job cannot be changed in status CANCELLED'],
  )
})

test('a job is triggered now by whoever asks, and its next fire time stays', async () => {
  const jobId = await created(recurring)
  const before = (await ask(`/jobs/${jobId}`)).json.nextRunAt
  const { status, json } = await ask(`/jobs/${jobId}/trigger`, { method: 'POST' })
  assert.equal(status, 202)
  const run = await ask(`/runs/${json.runId}`)
  assert.equal(run.json.reason, 'MANUAL')
  assert.equal((await ask(`/jobs/${jobId}`)).json.nextRunAt, before)
})

test('a run that waits is cancelled at once, and the job goes on with its next fire time', async () => {
  const jobId = await created(recurring)
  const runId = await runOf(jobId)
  const { status, json } = await ask(`/runs/${runId}/cancel`, { method: 'POST' })
  assert.deepEqual([status, json], [200, { runId, status: 'CANCELLED', cancelAt: null }])
  const job = (await ask(`/jobs/${jobId}`)).json
  assert.equal(job.status, 'SCHEDULED')
  assert.notEqual(await runOf(jobId), runId)
})

test('a run that is going on is asked to end, and one that has ended is refused', async () => {
  const jobId = await created(immediate)
  const runId = await runOf(jobId)
  await db.query(sql`
    update runs_live set status = 'RUNNING', executor = 'one', deadline_at = now(), attempt = 1
     where 'job_' || job_id = ${jobId}`)
  const asked = await ask(`/runs/${runId}/cancel`, { method: 'POST' })
  assert.equal(asked.status, 202)
  assert.equal(asked.json.status, 'RUNNING')
  assert.ok(Date.parse(asked.json.cancelAt) > Date.now())
  await db.query(sql`
    with ended as (delete from runs_live where 'job_' || job_id = ${jobId} returning *)
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, max_attempts, recurring,
                           status, owner, done)
    select job_id, scheduled_at, due_at, now(), max_attempts, recurring, 'SUCCEEDED', owner, true
      from ended`)
  const refused = await ask(`/runs/${runId}/cancel`, { method: 'POST' })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.message, 'Run cannot be cancelled in status SUCCEEDED')
})

test('a deleted job is gone, with its runs', async () => {
  const jobId = await created(scheduled)
  const runId = await runOf(jobId)
  const deleted = await ask(`/jobs/${jobId}`, { method: 'DELETE' })
  assert.deepEqual([deleted.status, deleted.text], [204, ''])
  for (const path of [`/jobs/${jobId}`, `/jobs/${jobId}/runs`])
    assert.equal((await ask(path)).status, 404)
  assert.equal((await ask(`/runs/${runId}/cancel`, { method: 'POST' })).status, 404)
  assert.equal((await ask(`/jobs/${jobId}`, { method: 'DELETE' })).status, 404)
})

test('a clone is the same job again, but for its overrides', async () => {
  const original = { ...recurring, name: 'nightly', tags: ['a'], overlap: 'queue', timeout: 'PT9S' }
  const jobId = await created(original)
  const clone = await post(`/jobs/${jobId}/clone`, {
    overrides: { name: 'hourly', cronExpression: '0 0 * * * *' },
  })
  assert.equal(clone.status, 201)
  const { json } = await ask(`/jobs/${clone.json.jobId}`)
  assert.notEqual(clone.json.jobId, jobId)
  assert.deepEqual(
    [json.name, json.tags, json.overlap, json.timeout, json.cronExpression, json.payload],
    ['hourly', ['a'], 'queue', 'PT9S', '0 0 * * * *', payload],
  )
  const plain = await ask(`/jobs/${jobId}/clone`, { method: 'POST' })
  assert.equal(plain.status, 201)
  const interval = await post(`/jobs/${jobId}/clone`, { overrides: { every: 'PT1H' } })
  assert.equal((await ask(`/jobs/${interval.json.jobId}`)).json.every, 'PT1H')
  const once = await post(`/jobs/${jobId}/clone`, {
    overrides: { jobType: 'ONE_TIME', executionMode: 'IMMEDIATE' },
  })
  assert.equal(once.status, 201, once.json.message)
  const wrong = await post(`/jobs/${jobId}/clone`, { overrides: { priority: 'URGENT' } })
  assert.equal(wrong.status, 400)
  assert.match(wrong.json.message, /^overrides\.priority must be one of/)
})

test('a patch changes what it names, and the payload key by key', async () => {
  const jobId = await created({ ...recurring, name: 'nightly', timeout: 'PT9S' })
  const { status, headers, json } = await patch(jobId, {
    ...{ name: null, priority: 'HIGH', retry: { base: 'PT2S' } },
    payload: { template: null, data: { b: 3 }, subject: 'hi' },
  })
  assert.equal(status, 200)
  assert.equal(headers.get('etag'), '"2"')
  assert.deepEqual([json.name, json.priority, json.timeout], [null, 'HIGH', 'PT9S'])
  assert.equal(json.retry.base, 'PT2S')
  assert.deepEqual(json.payload, { task: 'send_email', data: { a: 1, b: 3 }, subject: 'hi' })
  assert.deepEqual((await ask(`/jobs/${jobId}`)).json, json)
})

test('a merge patch may call itself one', async () => {
  const jobId = await created(recurring)
  const headers = { 'content-type': 'application/merge-patch+json' }
  assert.equal((await patch(jobId, { name: 'x' }, headers)).json.name, 'x')
})

test('a patch for a stale version is a 412 and changes nothing', async () => {
  const jobId = await created(recurring)
  const first = await patch(jobId, { name: 'one' }, { 'if-match': '"1"' })
  assert.equal(first.status, 200)
  for (const stale of ['"1"', 'W/"2"', '2', '', 'x']) {
    const { status, json } = await patch(jobId, { name: 'two' }, { 'if-match': stale })
    assert.equal(status, 412, stale)
    assert.match(json.message, /^If-Match must be "2"/)
  }
  assert.equal((await ask(`/jobs/${jobId}`)).json.name, 'one')
  for (const meant of ['"2"', '"7", "3"', '*'])
    assert.equal((await patch(jobId, { name: meant }, { 'if-match': meant })).status, 200, meant)
})

test('a patch that changes nothing leaves the version as it is', async () => {
  const jobId = await created(recurring)
  for (const body of [{}, { priority: 'NORMAL' }, { payload: { data: { a: 1 } } }]) {
    const { status, headers } = await patch(jobId, body)
    assert.deepEqual([status, headers.get('etag')], [200, '"1"'])
  }
})

test('what a job shows may be sent back as a patch', async () => {
  for (const body of [
    recurring,
    scheduled,
    { ...recurring, cronExpression: null, every: 'PT1H' },
  ]) {
    const jobId = await created(body)
    const shown = (await ask(`/jobs/${jobId}`)).json
    const { cronExpression, every, timeZone, dst, anchorAt, startAt, endAt, ...rest } = shown
    const trigger =
      every !== null
        ? { every, anchorAt, startAt, endAt }
        : body === scheduled
          ? {}
          : { cronExpression, timeZone, dst, startAt, endAt }
    // Where the job asks for no wait of its own, it shows what executors are configured with.
    const { retry: _, overlap, catchUpLimit, spread, pauseAfterFailures, ...plain } = rest
    const policies = body === scheduled ? {} : { overlap, catchUpLimit, spread, pauseAfterFailures }
    const { status, json } = await patch(jobId, { ...plain, ...trigger, ...policies })
    assert.equal(status, 200, json.message)
    assert.equal(json.version, 1)
  }
})

test('the trigger of a recurring job changes field by field, and its kind as a whole', async () => {
  const jobId = await created(recurring)
  const zoned = await patch(jobId, { timeZone: 'Europe/Berlin', dst: { gap: 'shift' } })
  assert.deepEqual(
    [zoned.json.cronExpression, zoned.json.timeZone, zoned.json.dst],
    ['0 0 3 * * *', 'Europe/Berlin', { gap: 'shift', overlap: 'both' }],
  )
  assert.equal(new Date(zoned.json.nextRunAt).getUTCMinutes(), 0)
  const both = await patch(jobId, { every: 'PT1H' })
  assert.equal(both.status, 400)
  assert.equal(both.json.message, 'cronExpression must not be provided beside every')
  const every = await patch(jobId, { cronExpression: null, every: 'PT1H' })
  assert.deepEqual([every.json.every, every.json.cronExpression], ['PT1H', null])
  const { anchorAt } = every.json
  const faster = await patch(jobId, { every: 'PT30M' })
  assert.equal(faster.json.anchorAt, anchorAt)
  const back = await patch(jobId, { every: null, cronExpression: '0 0 4 * * *' })
  assert.deepEqual([back.json.every, back.json.timeZone], [null, 'UTC'])
  assert.match(back.json.nextRunAt, /T04:00:00/)
})

test('a patch that cannot be is a 400 that names the field, and changes nothing', async () => {
  const often = await created(recurring)
  const once = await created(scheduled)
  const wrong: [string, unknown, RegExp][] = [
    [often, { jobType: 'ONE_TIME' }, /^jobType cannot change/],
    [once, { executionMode: 'IMMEDIATE' }, /^executionMode cannot change/],
    [often, { cronExpression: 'daily' }, /^Invalid cron expression/],
    [often, { cronExpression: null }, /^cronExpression must be provided/],
    [often, { runAt: '2099-01-01T00:00:00Z' }, /^runAt must be null/],
    [often, { endAt: '2001-01-01T00:00:00Z' }, /trigger must have a fire time after now/],
    [often, { timeout: 'soon' }, /^timeout must be an ISO-8601 duration/],
    [often, { payload: null }, /^payload must be/],
    [often, { payload: 7 }, /^payload must be a JSON object/],
    [once, { overlap: 'queue' }, /^overlap must not be provided for ONE_TIME/],
    [once, { cronExpression: '* * * * * *' }, /^cronExpression must not be provided/],
    [once, { every: 'PT1H' }, /^every must not be provided/],
    [once, { runAt: null }, /^runAt must be provided/],
    [once, { runAt: '2001-01-01T00:00:00Z' }, /^runAt must be in the future/],
    [often, [], /^the body must be a JSON object/],
  ]
  for (const [jobId, body, message] of wrong) {
    const { status, json } = await patch(jobId, body)
    assert.equal(status, 400, JSON.stringify(body).slice(0, 100))
    assert.match(json.message, message)
  }
  for (const jobId of [often, once]) assert.equal((await ask(`/jobs/${jobId}`)).json.version, 1)
})

test('no payload grows past its limit by patches that are within theirs', async () => {
  const jobId = await created(recurring)
  const text = 'x'.repeat(600_000)
  assert.equal((await patch(jobId, { payload: { one: text } })).status, 200)
  const { status, json } = await patch(jobId, { payload: { two: text } })
  assert.equal(status, 400)
  assert.match(json.message, /^payload must be at most 1048576 bytes/)
})

test('a one-time job moves by a patch of its runAt', async () => {
  const jobId = await created(scheduled)
  const { json } = await patch(jobId, { runAt: '2098-05-01T02:00:00.5+02:00' })
  assert.equal(json.nextRunAt, '2098-05-01T00:00:00.500Z')
  assert.equal(json.version, 2)
})

test('another owner’s job or run is unknown to every control', async () => {
  const jobId = await created(scheduled)
  const runId = await runOf(jobId)
  const token = tokenOf('mallory')
  const posts = ['pause', 'resume', 'trigger', 'clone'].map(control => `/jobs/${jobId}/${control}`)
  for (const path of [...posts, `/runs/${runId}/cancel`, '/jobs/x/pause', '/runs/x/cancel'])
    assert.equal((await ask(path, { method: 'POST', token })).status, 404, path)
  assert.equal((await ask(`/jobs/${jobId}`, { method: 'DELETE', token })).status, 404)
  const named = { name: 'mine' }
  assert.equal((await ask(`/jobs/${jobId}`, { method: 'PATCH', token, body: named })).status, 404)
  const bulk = await post('/jobs/bulk/delete', { jobIds: [jobId] }, { token })
  assert.deepEqual(bulk.json.done, [])
  assert.equal(bulk.json.notDone[0].code, 'JOB_NOT_FOUND')
  assert.equal((await ask(`/jobs/${jobId}`)).json.status, 'SCHEDULED')
})

test('controls ask for jobs.update, a clone for jobs.create', async () => {
  const jobId = await created(scheduled)
  const token = tokenOf('alice', ['jobs.read'])
  for (const path of [`/jobs/${jobId}/pause`, `/jobs/${jobId}/clone`])
    assert.equal((await ask(path, { method: 'POST', token })).status, 403)
  assert.equal((await ask(`/jobs/${jobId}`, { method: 'DELETE', token })).status, 403)
  assert.equal((await ask('/jobs/bulk/pause', { method: 'POST', token })).status, 403)
})

test('many jobs are controlled at once, and the answer tells of each what became of it', async () => {
  const token = tokenOf('bulk')
  const open = [await created(recurring, token), await created(scheduled, token)]
  const ended = await created(scheduled, token)
  await ask(`/jobs/${ended}/cancel`, { method: 'POST', token })
  const unknown = 'job_92daa91d-de99-4e82-8f1d-593f03a50ad8'
  const jobIds = [...open, open[0], ended, unknown, 'x']
  const paused = await post('/jobs/bulk/pause', { jobIds, note: 'all' }, { token })
  assert.equal(paused.status, 200)
  assert.deepEqual(paused.json.done.map((each: { jobId: string }) => each.jobId).toSorted(), [
    ...open.toSorted(),
  ])
  assert.ok(paused.json.done.every((each: Paused) => each.paused.note === 'all'))
  assert.deepEqual(
    paused.json.notDone.map((each: NotDone) => [each.jobId, each.code]).toSorted(),
    [
      [ended, 'INVALID_REQUEST'],
      [unknown, 'JOB_NOT_FOUND'],
      ['x', 'JOB_NOT_FOUND'],
    ].toSorted(),
  )
  const resumed = await post('/jobs/bulk/resume', { filter: { status: 'PAUSED' } }, { token })
  assert.equal(resumed.json.done.length, 2)
  const triggered = await post('/jobs/bulk/trigger', { jobIds: open }, { token })
  for (const { runId } of triggered.json.done)
    assert.equal((await ask(`/runs/${runId}`, { token })).json.reason, 'MANUAL')
  const cancelled = await post('/jobs/bulk/cancel', { jobIds: open }, { token })
  assert.equal(cancelled.json.done.length, 2)
  const deleted = await post('/jobs/bulk/delete', { filter: { status: 'CANCELLED' } }, { token })
  assert.deepEqual([deleted.json.done.length, deleted.json.more], [3, false])
  assert.deepEqual((await ask('/jobs', { token })).json, [])
})

test('a filter means the jobs for which all of it holds, up to its limit', async () => {
  const token = tokenOf('filter')
  const tagged = { ...scheduled, tags: ['eu'], name: 'bill' }
  const ids: string[] = []
  for (let n = 0; n < 3; n++) ids.push(await created(tagged, token))
  await created(scheduled, token)
  const pause = (body: object) => post('/jobs/bulk/pause', body, { token })
  const some = await pause({ filter: { tag: 'eu', name: 'bill', task: 'SEND_EMAIL' }, limit: 2 })
  assert.deepEqual([some.json.done.length, some.json.more], [2, true])
  const rest = await pause({ filter: { tag: 'eu', status: 'SCHEDULED' } })
  assert.deepEqual([rest.json.done.length, rest.json.more], [1, false])
  assert.equal((await pause({ filter: { tag: 'us' } })).json.done.length, 0)
  assert.equal((await pause({ filter: { to: '2020-01-01T00:00:00Z' } })).json.done.length, 0)
  for (const wrong of [
    ...[{}, { filter: {} }, { jobIds: [] }, { jobIds: ids, filter: { tag: 'eu' } }],
    ...[
      { filter: { tag: 'eu' }, limit: 0 },
      { filter: { from: 'x' } },
      { filter: { status: 'x' } },
    ],
    { jobIds: Array.from({ length: 1_001 }, () => ids[0]) },
  ])
    assert.equal((await pause(wrong)).status, 400, JSON.stringify(wrong).slice(0, 60))
})

test('a filter means what a search with the same words shows', async () => {
  const token = tokenOf('searcher')
  const names = ['Nightly bills', 'nightly mails', 'weekly bills', null]
  for (const [n, name] of names.entries())
    await created({ ...(n === 2 ? recurring : scheduled), name, tags: ['eu', `n${n % 2}`] }, token)
  for (const [filter, query, count] of [
    [{ name: 'BILLS' }, 'name=BILLS', 2],
    [{ namePrefix: 'night' }, 'namePrefix=night', 2],
    [{ namePrefix: 'Nightly', name: 'mail' }, 'namePrefix=Nightly&name=mail', 1],
    [{ name: '%' }, 'name=%25', 0],
    [{ tag: ['eu', 'n1'] }, 'tag=eu&tag=n1', 2],
    [{ tag: 'eu', jobType: 'RECURRING' }, 'tag=eu&jobType=RECURRING', 1],
  ] as const) {
    const { json: shown } = await ask(`/jobs/search?${query}`, { token })
    const { json } = await post('/jobs/bulk/pause', { filter }, { token })
    const ids = (jobs: { jobId: string }[]) => jobs.map(job => job.jobId).toSorted()
    assert.equal(json.done.length, count, query)
    assert.deepEqual(ids(json.done), ids(shown.jobs), query)
  }
})

test('a thousand jobs are paused and resumed by one request each, while others do the same', async () => {
  const token = tokenOf('thousand')
  await db.query(sql`
    with job as (
      insert into job_definitions (job_id, job_type, execution_mode, payload, max_attempts,
                                   created_at, updated_at, created_by)
      select gen_random_uuid(), 'ONE_TIME', 'SCHEDULED', '{}', 3, now(), now(), 'thousand'
        from generate_series(1, 1000)
      returning job_id)
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                           owner)
    select job_id, now() + interval '1 hour', now() + interval '1 hour', now() + interval '1 hour',
           3, false, 'PENDING', 'thousand'
      from job`)
  const filter = { name: null, status: 'SCHEDULED' }
  const answers = await Promise.all(
    Array.from({ length: 3 }, () => post('/jobs/bulk/pause', { filter }, { token })),
  )
  assert.ok(answers.every(each => each.status === 200))
  assert.ok(answers.some(each => each.json.done.length > 0))
  const { rowCount } = await db.query(sql`
    select from runs_live where owner = 'thousand' and hold = 'PAUSED'`)
  assert.equal(rowCount, 1_000)
  const resumed = await post('/jobs/bulk/resume', { filter: { status: 'PAUSED' } }, { token })
  assert.equal(resumed.json.done.length, 1_000)
})
