import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { runIdOf, type UserId } from '@cronos/domain'
import { sql } from '@cronos/store'
import { startJobApi } from './job-api.ts'
import { aFailedJob, aRunningJob } from './some-runs.ts'

/* What owners do with runs that failed for good, over real HTTP on a real database. */

const api = await startJobApi()
const { db, ask } = api
after(() => api[Symbol.asyncDispose]())

let owners = 0
/** An owner with so many dead letters, the latest first. */
async function anOwner(count = 1) {
  const as = `owner${++owners}`
  const runIds: string[] = []
  for (let n = 1; n <= count; n++)
    runIds.unshift(runIdOf(await aFailedJob(db, `failure ${n}`, { owner: as as UserId })))
  const post = (path: string, body?: unknown, headers = {}) =>
    ask(`/dead-letters${path}`, { method: 'POST', as, body, headers })
  const list = async (query = '') => (await ask(`/dead-letters${query}`, { as })).json
  return { as, runIds, post, list }
}

test('an owner sees which runs failed for good, of which job and task, when and why', async () => {
  const { list, runIds } = await anOwner(2)
  const { letters, cursor } = await list()
  assert.equal(cursor, null)
  assert.deepEqual(
    letters.map((letter: { runId: string }) => letter.runId),
    runIds,
  )
  const { jobId, failedAt, scheduledAt, ...letter } = letters[0]
  assert.ok(Date.parse(failedAt) >= Date.parse(scheduledAt))
  assert.ok(runIds[0]?.includes(jobId.slice('job_'.length)))
  assert.deepEqual(letter, {
    ...{ runId: runIds[0], jobName: null, task: 'send_email', reason: 'FIRE', attempts: 1 },
    error: { message: 'failure 2', name: 'Error' },
    ...{ replayOf: null, replayedAs: null, dismissedAt: null },
  })
})

test('the list goes on page by page, and is narrowed by what the query names', async () => {
  const { list, runIds } = await anOwner(3)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await list(`?size=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
    for (const { runId } of page.letters) seen.push(runId)
    cursor = page.cursor
  }
  assert.deepEqual(seen, runIds)
  assert.equal((await list('?error=FAILURE%202')).letters[0].runId, runIds[1])
  assert.equal((await list('?task=Send_Email')).letters.length, 3)
  assert.equal((await list('?task=other')).letters.length, 0)
  assert.equal((await list('?from=2099-01-01T00:00:00Z')).letters.length, 0)
})

test('a query that cannot be read is refused by its field', async () => {
  const { as } = await anOwner(0)
  for (const [query, field] of [
    ['jobId=7', 'jobId'],
    ['from=yesterday', 'from'],
    ['cursor=x', 'cursor'],
    [
      'cursor=MjAyNi05OS05OVQwMDowMDowMCswMCA5MmRhYTkxZC1kZTk5LTRlODItOGYxZC01OTNmMDNhNTBhZDggMQ',
      'cursor',
    ],
    ['size=101', 'size'],
    ['replayed=maybe', 'replayed'],
  ] as const) {
    const { status, json } = await ask(`/dead-letters?${query}`, { as })
    assert.equal(status, 400, query)
    assert.match(json.message, new RegExp(`^${field} must`))
  }
})

test('a dead letter shows the payload that failed, to be mended', async () => {
  const { as, runIds } = await anOwner()
  const { json } = await ask(`/dead-letters/${runIds[0]}`, { as })
  assert.deepEqual(json.payload, { task: 'send_email', template: 'hello' })
})

test('a replay is answered with the new run, which names the old one', async () => {
  const { as, runIds, post, list } = await anOwner()
  const { status, json } = await post(`/${runIds[0]}/replay`)
  assert.equal(status, 202)
  assert.equal(json.replayOf, runIds[0])
  const run = (await ask(`/runs/${json.runId}`, { as })).json
  assert.deepEqual(run.why, {
    ...{ reason: 'REPLAY', fireTime: null, requestedBy: as, replayOf: runIds[0], retries: 0 },
  })
  assert.equal((await list()).letters[0].replayedAs, json.runId)
  assert.equal((await list('?replayed=false')).letters.length, 0)
  assert.equal((await ask(`/runs/${runIds[0]}`, { as })).json.replayedAs, json.runId)
})

test('a replay with a payload of its own has that; one that is no object is refused', async () => {
  const { runIds, post } = await anOwner()
  const payload = { task: 'send_email', template: 'mended' }
  assert.equal((await post(`/${runIds[0]}/replay`, { payload })).status, 202)
  const { rows } = await db.query<{ payload: object }>(sql`
    select payload from runs_live where reason = 'REPLAY' and payload ->> 'template' = 'mended'`)
  assert.deepEqual(rows, [{ payload }])
  const { status, json } = await post(`/${runIds[0]}/replay`, { payload: 'text' })
  assert.equal(status, 400)
  assert.match(json.message, /^payload must/)
})

test('asking twice with one Idempotency-Key makes one replay', async () => {
  const { runIds, post } = await anOwner()
  const key = { 'idempotency-key': 'once' }
  const first = await post(`/${runIds[0]}/replay`, {}, key)
  const second = await post(`/${runIds[0]}/replay`, {}, key)
  assert.equal(first.status, 202)
  assert.equal(second.json.runId, first.json.runId)
})

test('many are replayed at once, and the answer tells what became of each', async () => {
  const { as, runIds, post } = await anOwner(3)
  const running = runIdOf(await aRunningJob(db, { owner: as as UserId }))
  const asked = [...runIds, runIds[0], running, 'run_nobody']
  const { status, json } = await post('/replay', { runIds: asked })
  assert.equal(status, 200)
  assert.deepEqual(
    json.done.map((each: { runId: string }) => each.runId).sort(),
    [...runIds].sort(),
  )
  assert.equal(new Set(json.done.map((each: { replayedAs: string }) => each.replayedAs)).size, 3)
  assert.deepEqual(
    json.notDone.map((each: { runId: string; code: string }) => [each.runId, each.code]).sort(),
    [
      [running, 'DEAD_LETTER_NOT_FOUND'],
      ['run_nobody', 'DEAD_LETTER_NOT_FOUND'],
    ].sort(),
  )
})

test('a filter replays what it finds, and asking again goes on with the rest', async () => {
  const { post } = await anOwner(3)
  const filter = { error: 'failure' }
  const first = (await post('/replay', { filter, limit: 2 })).json
  assert.deepEqual([first.done.length, first.more], [2, true])
  const second = (await post('/replay', { filter, limit: 2 })).json
  assert.deepEqual([second.done.length, second.more], [1, false])
  assert.equal((await post('/replay', { filter: {} })).json.done.length, 0)
})

test('two who replay all at the same time replay each once', async () => {
  const { as, post, runIds } = await anOwner(3)
  const both = await db.transaction(async tx => {
    // Neither goes on before both have found what there is.
    await tx.query(sql`select from job_definitions where created_by = ${as} for update`)
    const asked = [post('/replay', { filter: {} }), post('/replay', { filter: {} })]
    for (let waiting = 0; waiting < 2; ) {
      const { rowCount } = await db.query(sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
      waiting = rowCount
    }
    return asked
  })
  const answers = (await Promise.all(both)).map(answer => answer.json)
  const done = answers.flatMap(answer => answer.done)
  assert.deepEqual(done.map(each => each.runId).toSorted(), runIds.toSorted())
  assert.deepEqual(
    answers.map(({ notDone, more }) => ({ notDone, more })),
    Array(2).fill({ notDone: [], more: false }),
  )
  const { rowCount } = await db.query(
    sql`select from runs where owner = ${as} and reason = 'REPLAY'`,
  )
  assert.equal(rowCount, 3)
})

test('many are replayed with one payload in place of their own', async () => {
  const { runIds, post } = await anOwner(2)
  const payload = { task: 'send_email', template: 'mended for all' }
  const { json } = await post('/replay', { runIds, payload })
  assert.deepEqual([json.done.length, json.warnings], [2, undefined])
  const { rows } = await db.query<{ payload: object }>(sql`
    select payload from runs_live
     where reason = 'REPLAY' and payload ->> 'template' = 'mended for all'`)
  assert.deepEqual(rows, [{ payload }, { payload }])
  const refused = await post('/replay', { runIds, payload: ['text'] })
  assert.deepEqual([refused.status, refused.json.message.slice(0, 12)], [400, 'payload must'])
})

test('a request for many that names none, or two kinds of choice, is refused', async () => {
  const { post } = await anOwner(0)
  for (const [body, message] of [
    [{}, /^either runIds or filter must be provided/],
    [{ runIds: ['x'], filter: {} }, /^either runIds or filter must be provided/],
    [{ runIds: [] }, /^runIds must/],
    [{ filter: {}, limit: 0 }, /^limit must/],
    [{ filter: { jobId: '7' } }, /^jobId must/],
    [{ filter: { from: 'x' } }, /^from must/],
  ] as const)
    for (const path of ['/replay', '/dismiss']) {
      const { status, json } = await post(path, body)
      assert.equal(status, 400, JSON.stringify(json))
      assert.match(json.message, message)
    }
})

test('a dead letter that was dropped is off the list, and stays a run', async () => {
  const { as, runIds, list } = await anOwner(2)
  const drop = () => ask(`/dead-letters/${runIds[0]}`, { method: 'DELETE', as })
  assert.equal((await drop()).status, 204)
  assert.equal((await drop()).status, 204)
  assert.deepEqual(
    (await list()).letters.map((letter: { runId: string }) => letter.runId),
    [runIds[1]],
  )
  assert.equal((await list('?dismissed=true')).letters[0].runId, runIds[0])
  assert.notEqual((await ask(`/runs/${runIds[0]}`, { as })).json.dismissedAt, null)
})

test('many are dropped at once, by name or by filter', async () => {
  const { runIds, post, list } = await anOwner(3)
  const named = (await post('/dismiss', { runIds: [runIds[0], 'run_nobody'] })).json
  assert.deepEqual([named.done.length, named.notDone.length], [1, 1])
  const found = (await post('/dismiss', { filter: {} })).json
  assert.equal(found.done.length, 2)
  assert.deepEqual((await list()).letters, [])
})

test('another owner’s dead letter is a 404, as if it did not exist', async () => {
  const { runIds } = await anOwner()
  const path = `/dead-letters/${runIds[0]}`
  const bob = { as: 'bob' }
  assert.equal((await ask(path, bob)).status, 404)
  assert.equal((await ask(path, { ...bob, method: 'DELETE' })).status, 404)
  assert.equal((await ask(`${path}/replay`, { ...bob, method: 'POST', body: {} })).status, 404)
  for (const way of ['replay', 'dismiss']) {
    const body = { runIds }
    const { json } = await ask(`/dead-letters/${way}`, { ...bob, method: 'POST', body })
    assert.equal(json.notDone[0].code, 'DEAD_LETTER_NOT_FOUND')
  }
})
