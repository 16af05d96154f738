import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { formatInstant, instant, runIdOf } from '@cronos/domain'
import { type LogLine, writeTold } from '@cronos/store'
import { startJobApi } from './job-api.ts'
import { aFailedJob, aRunningJob, endAs } from './some-runs.ts'

/* What an owner is told of a run, over real HTTP on a real database. */

const api = await startJobApi()
const { db, ask } = api
after(() => api[Symbol.asyncDispose]())

const lines = (from: number, to: number): LogLine[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    ...{ line: from + index, at: instant(1_795_466_526_777 + index), level: 'INFO' as const },
    ...{ message: `line ${from + index}`, fields: null },
  }))

test('a run says why it came to be, how late it was and what it told', async () => {
  const run = await aRunningJob(db)
  const progress = { fraction: 0.25, done: 1, total: 4, message: 'mails' }
  await writeTold(db, [{ ...run, lines: lines(1, 2), progress }])
  const { status, json } = await ask(`/runs/${runIdOf(run)}`)
  assert.equal(status, 200)
  assert.deepEqual(json.why, {
    ...{ reason: 'FIRE', fireTime: formatInstant(run.scheduledAt) },
    ...{ requestedBy: null, replayOf: null, retries: 0 },
  })
  assert.ok(json.lateMs >= 0)
  const { dueAt, claimedAt, publishedAt, startedAt, finishedAt } = json
  const instants = [dueAt, claimedAt, publishedAt, startedAt]
  for (const at of instants) assert.match(at, /^\d{4}-.*Z$/)
  assert.deepEqual(instants, instants.toSorted())
  assert.equal(finishedAt, null)
  assert.equal(json.logLines, 2)
  const { at, ...told } = json.progress
  assert.deepEqual(told, progress)
  assert.match(at, /Z$/)
  assert.deepEqual([json.replayedAs, json.dismissedAt], [null, null])
})

test('a failed attempt shows its error and where it was thrown; lists tell the error alone', async () => {
  const run = await aFailedJob(db, 'no route')
  const { json } = await ask(`/runs/${runIdOf(run)}`)
  const error = { message: 'no route', name: 'Error' }
  assert.deepEqual(json.attempts[0].error, { ...error, stack: 'at home' })
  assert.deepEqual(json.error, error)
  const { json: runs } = await ask(`/jobs/${run.jobId}/runs`)
  assert.deepEqual(runs[0].error, error)
})

test('a log is read page by page, and goes on where the last page ended', async () => {
  const run = await aRunningJob(db)
  const path = `/runs/${runIdOf(run)}/logs`
  const none = await ask(path)
  assert.deepEqual(none.json.lines, [])
  await writeTold(db, [{ ...run, lines: lines(1, 3), progress: null }])
  const first = await ask(`${path}?size=2&cursor=${none.json.cursor}`)
  const messages = (page: typeof first) => page.json.lines.map((line: LogLine) => line.message)
  assert.deepEqual(messages(first), ['line 1', 'line 2'])
  assert.deepEqual(first.json.lines[0], {
    ...{ at: '2026-11-23T20:42:06.777Z', attempt: 1, level: 'INFO' },
    ...{ message: 'line 1', fields: null },
  })
  const second = await ask(`${path}?size=2&cursor=${first.json.cursor}`)
  assert.deepEqual(messages(second), ['line 3'])
  await writeTold(db, [{ ...run, lines: lines(4, 4), progress: null }])
  await endAs(db, [run], 'succeeded')
  const last = await ask(`${path}?cursor=${second.json.cursor}`)
  assert.deepEqual(messages(last), ['line 4'])
  assert.equal(last.json.cursor, null)
  assert.deepEqual(messages(await ask(`${path}?attempt=2`)), [])
})

test('a cursor that is not ours, and a size that is too large, are refused', async () => {
  const path = `/runs/${runIdOf(await aRunningJob(db))}/logs`
  for (const cursor of ['', 'x', 'MSBiIDI', `${'1'.repeat(400)}`]) {
    const { status, json } = await ask(`${path}?cursor=${cursor}`)
    assert.equal(status, 400)
    assert.match(json.message, /^cursor must be/)
  }
  assert.equal((await ask(`${path}?size=1001`)).status, 400)
  assert.equal((await ask(`${path}?attempt=0`)).status, 400)
})

test('the log of another owner’s run is a 404, as if it did not exist', async () => {
  const run = await aRunningJob(db)
  for (const path of ['', '/logs'])
    assert.equal((await ask(`/runs/${runIdOf(run)}${path}`, { as: 'bob' })).status, 404)
  assert.equal((await ask('/runs/run_nobody/logs')).status, 404)
})
