import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { userEvents } from '@cronos/contract'
import { instant, runIdOf, type UserId, uuidOf } from '@cronos/domain'
import {
  createJobs,
  type LogLine,
  recordAttempts,
  type Started,
  sql,
  writeTold,
} from '@cronos/store'
import { aJob } from '@cronos/testkit'
import Schema from 'typebox/schema'
import { type FollowOptions, follow, type ReadEvent } from './event-reader.ts'
import { startJobApi } from './job-api.ts'
import { aRunningJob, endAs, startDue } from './some-runs.ts'

/* What clients are told while it happens, over real HTTP on a real database. */

const api = await startJobApi({
  'configs.events.poll-interval': '50ms',
  'configs.events.max-streams-per-user': '2',
})
const { db, ask } = api
after(() => api[Symbol.asyncDispose]())

let owners = 0
const someone = () => `owner${++owners}` as UserId

const followJobs = (as: string, options: FollowOptions = {}) =>
  follow(api, '/jobs/events', { as, ...options })
const followRun = (run: Started, options: FollowOptions = {}) =>
  follow(api, `/runs/${runIdOf(run)}/events`, { as: run.owner, ...options })

const aLine = (line: number): LogLine => ({
  ...{ line, at: instant(1_795_466_526_777), level: 'INFO' },
  ...{ message: `line ${line}`, fields: null },
})
const tellLines = (run: Started, ...lines: number[]) =>
  writeTold(db, [{ ...run, lines: lines.map(aLine), progress: null }])

/** Ends an attempt that gets another one, in so many milliseconds. */
async function failForNow(run: Started, delayMs: number): Promise<void> {
  const { jobId, scheduledAt, fence } = run
  const next = { status: 'PENDING', delayMs, counts: true } as const
  const error = { name: 'Error', message: 'no route' }
  await recordAttempts(db, [
    { jobId, scheduledAt, fence, next, error, output: null, failsJob: false },
  ])
}

function assertAsPromised(events: readonly ReadEvent[]): void {
  for (const { event, data } of events) {
    const [right, errors] = Schema.Errors(userEvents[event as keyof typeof userEvents], data)
    assert.ok(right, `${event}: ${JSON.stringify(errors)} ${JSON.stringify(data)}`)
  }
}

test('an owner is told of each job and run, from creation to end', async () => {
  const owner = someone()
  using stream = await followJobs(owner)
  assert.match(stream.response.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.equal(stream.response.headers.get('cache-control'), 'no-store')
  const ready = await stream.until('ready')
  assert.match(ready.id ?? '', /^\d+$/)
  const run = await aRunningJob(db, { owner })
  const events = [await stream.until('job.created')]
  assert.equal(events[0]?.data.jobId, run.jobId)
  events.push(await stream.until('run.started'))
  assert.equal(events[1]?.data.runId, runIdOf(run))
  const progress = { fraction: 0.5, done: 1, total: 2, message: null }
  await writeTold(db, [{ ...run, lines: [], progress }])
  events.push(await stream.until('run.progress'))
  assert.equal(events[2]?.data.progress.fraction, 0.5)
  await endAs(db, [run], { failed: 'no route' })
  events.push(await stream.until('run.finished'))
  assert.deepEqual(
    [events[3]?.data.status, events[3]?.data.error],
    ['FAILED', { name: 'Error', message: 'no route' }],
  )
  assertAsPromised(events)
})

test('a failed attempt is told with the time of the next one', async () => {
  const owner = someone()
  const run = await aRunningJob(db, { owner })
  using stream = await followJobs(owner)
  await failForNow(run, 600_000)
  const retrying = await stream.until('run.retrying')
  assertAsPromised([retrying])
  const { runId, attempt, outcome, error, nextAttemptAt, endedAt } = retrying.data
  assert.deepEqual([runId, attempt, outcome], [runIdOf(run), 1, 'FAILED'])
  assert.equal(error.message, 'no route')
  assert.ok(Date.parse(nextAttemptAt) - Date.parse(endedAt) > 500_000)
})

test('a failed attempt is told of, though the run had ended before anybody looked', async () => {
  const owner = someone()
  const run = await aRunningJob(db, { owner })
  await failForNow(run, 0)
  const [again] = await startDue(db, [run.jobId])
  await endAs(db, [again!], { failed: 'still no route' })
  using stream = await followJobs(owner)
  const retrying = await stream.until('run.retrying')
  assertAsPromised([retrying])
  assert.deepEqual([retrying.data.attempt, retrying.data.nextAttemptAt], [1, null])
  const next = await stream.next()
  assert.deepEqual([next?.event, next?.data.attempt], ['run.finished', 2])
})

test('a job that is changed or deleted is told of', async () => {
  const owner = someone()
  const job = aJob({
    owner,
    trigger: { kind: 'at', runAt: { at: instant(4e12), microseconds: 0 } },
  })
  await createJobs(db, [job])
  using stream = await followJobs(owner)
  await stream.until('job.created')
  assert.equal((await ask(`/jobs/${job.jobId}/cancel`, { as: owner, method: 'POST' })).status, 204)
  const changed = await stream.until('job.changed')
  assert.deepEqual([changed.data.jobId, changed.data.status], [job.jobId, 'CANCELLED'])
  await db.query(sql`
    update job_definitions set state = 'DELETED', updated_at = now()
     where job_id = ${uuidOf(job.jobId)}`)
  const deleted = await stream.until('job.deleted')
  assert.deepEqual(deleted.data, { jobId: job.jobId })
  assertAsPromised([changed, deleted])
})

test('nobody is told of another owner’s jobs and runs', async () => {
  const [alice, bob] = [someone(), someone()]
  using stream = await followJobs(alice)
  await endAs(db, [await aRunningJob(db, { owner: bob })], 'succeeded')
  const run = await aRunningJob(db, { owner: alice })
  await endAs(db, [run], 'succeeded')
  for (
    let event = await stream.next();
    event?.event !== 'run.finished';
    event = await stream.next()
  )
    if (event?.data.jobId !== undefined) assert.equal(event.data.jobId, run.jobId)
})

test('nothing is told twice on one stream', async () => {
  const owner = someone()
  using stream = await followJobs(owner)
  const runs = [await aRunningJob(db, { owner }), await aRunningJob(db, { owner })]
  const seen: string[] = []
  for (const run of runs) {
    await endAs(db, [run], 'succeeded')
    for (;;) {
      const { event, data } = (await stream.next())!
      if (event === 'run.finished') seen.push(data.runId)
      if (data.runId === runIdOf(run) && event === 'run.finished') break
    }
  }
  assert.deepEqual(seen, runs.map(runIdOf))
})

test('what is committed late is told, though later things were told before it', async () => {
  const owner = someone()
  const early = await aRunningJob(db, { owner })
  const late = await aRunningJob(db, { owner })
  using stream = await followJobs(owner)
  await db.transaction(async tx => {
    await tx.query(sql`
      with q as (delete from runs_live where job_id = ${uuidOf(late.jobId)} returning *)
      insert into runs_done (job_id, scheduled_at, due_at, finished_at, fence, attempt, max_attempts,
                             done, recurring, status, owner)
      select job_id, scheduled_at, due_at, clock_timestamp(), fence, attempt, max_attempts, true,
             recurring, 'SUCCEEDED', owner
        from q`)
    await endAs(db, [early], 'succeeded')
    await stream.until('run.finished', data => data.jobId === early.jobId)
  })
  await stream.until('run.finished', data => data.jobId === late.jobId)
})

test('a client that comes back is told what happened while it was away', async () => {
  const owner = someone()
  const run = await aRunningJob(db, { owner })
  let lastEventId: string
  {
    using stream = await followJobs(owner)
    lastEventId = (await stream.until('run.started')).id!
  }
  await endAs(db, [run], 'succeeded')
  await db.query(sql`
    update runs_done set finished_at = finished_at + interval '1 second' where owner = ${owner}`)
  using again = await followJobs(owner, { lastEventId })
  assert.equal((await again.until('run.finished')).data.runId, runIdOf(run))
})

test('a client that was away for too long is told that it has missed something', async () => {
  using stream = await followJobs(someone(), { lastEventId: '1000' })
  await stream.until('overflow')
})

test('a run is followed to its end: its state, its log, and then nothing more', async () => {
  const run = await aRunningJob(db, { owner: someone() })
  using stream = await followRun(run)
  const first = await stream.until('run')
  assert.deepEqual([first.data.status, first.data.attempts.length], ['RUNNING', 1])
  await tellLines(run, 1, 2)
  assert.equal((await stream.until('log')).data.message, 'line 1')
  assert.equal((await stream.until('log')).data.message, 'line 2')
  await tellLines(run, 3)
  await endAs(db, [run], 'succeeded')
  const rest = await stream.rest()
  const named = rest.map(
    ({ event, data }) => data.message ?? data.status ?? `${event} ${data.reason}`,
  )
  assert.deepEqual(named.slice(-3), ['line 3', 'SUCCEEDED', 'end finished'])
})

test('a run that waits for its next attempt says until when', async () => {
  const run = await aRunningJob(db, { owner: someone() })
  using stream = await followRun(run)
  await failForNow(run, 600_000)
  const { data } = await stream.until('run', each => each.status === 'PENDING')
  assert.ok(Date.parse(data.nextAttemptAt) > Date.parse(data.attempts[0].endedAt))
  assert.equal(data.attempts[0].error.message, 'no route')
})

test('a client that comes back to a run goes on after the last line it has seen', async () => {
  const run = await aRunningJob(db, { owner: someone() })
  await tellLines(run, ...Array.from({ length: 450 }, (_, index) => index + 1))
  let lastEventId: string
  {
    using stream = await followRun(run)
    const { id } = await stream.until('log', line => line.message === 'line 300')
    lastEventId = id!
  }
  await endAs(db, [run], 'succeeded')
  using again = await followRun(run, { lastEventId })
  const rest = await again.rest()
  const lines = rest.filter(({ event }) => event === 'log').map(({ data }) => data.message)
  assert.deepEqual([lines[0], lines.length], ['line 301', 150])
  assert.deepEqual(
    rest.slice(-2).map(({ event }) => event),
    ['run', 'end'],
  )
  using third = await followRun(run, { lastEventId: rest.at(-2)!.id! })
  assert.deepEqual(
    (await third.rest()).map(({ event }) => event),
    ['end'],
  )
})

test('a run whose job is deleted while it is followed is gone', async () => {
  const run = await aRunningJob(db, { owner: someone() })
  using stream = await followRun(run)
  await stream.until('run')
  await db.query(sql`
    update job_definitions set state = 'DELETED' where job_id = ${uuidOf(run.jobId)}`)
  assert.equal((await stream.until('end')).data.reason, 'gone')
})

test('another owner’s run cannot be followed: it is a 404, as if it did not exist', async () => {
  const run = await aRunningJob(db, { owner: someone() })
  assert.equal((await ask(`/runs/${runIdOf(run)}/events`, { as: 'bob' })).status, 404)
  assert.equal((await ask('/runs/run_nobody/events')).status, 404)
})

test('an id that is none of the stream’s is refused, and a HEAD begins no stream', async () => {
  const run = await aRunningJob(db)
  for (const path of ['/jobs/events', `/runs/${runIdOf(run)}/events`]) {
    const headers = { 'last-event-id': 'yesterday' }
    const { status, json } = await ask(path, { headers })
    assert.equal(status, 400)
    assert.match(json.message, /^Last-Event-ID must be/)
    const { status: head } = await fetch(api.root + path, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${api.tokenOf('alice')}` },
    })
    assert.ok(head === 404 || head === 405, `${path} answered ${head}`)
  }
})

test('a user has only so many streams at once, and another one when one has ended', async () => {
  const owner = someone()
  const [first, second] = [await followJobs(owner), await followJobs(owner)]
  const third = await ask('/jobs/events', { as: owner })
  assert.equal(third.status, 429)
  assert.equal(third.headers.get('retry-after'), '10')
  using _other = await followJobs(someone())
  first[Symbol.dispose]()
  for (;;) {
    using again = await followJobs(owner)
    if (again.response.status === 200) break // the service has heard that the first is closed
  }
  second[Symbol.dispose]()
})

test('a stream ends with its token', async () => {
  using stream = await followJobs(someone(), { lifetimeMs: 1_000 })
  assert.deepEqual((await stream.until('end')).data, { reason: 'token expired' })
  assert.equal(await stream.next(), null)
})

test('a service that stops ends its streams, and does not wait for their clients', async () => {
  await using other = await startJobApi()
  using stream = await follow(other, '/jobs/events')
  await stream.until('ready')
  const stopped = other.stop()
  assert.deepEqual((await stream.until('end')).data, { reason: 'stopping' })
  assert.equal(await stream.next(), null)
  await stopped
})
