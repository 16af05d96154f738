import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { type JobId, runIdOf, type UserId } from '@cronos/domain'
import { createJobs, listRuns, type NewJob, readJob, readRun, sql } from '@cronos/store'
import { aJob, freshDatabase } from '@cronos/testkit'
import type { EngineProcessNews, EngineProcessOptions } from './engine-process.ts'

/*
 * Real processes with a scheduler and an executor each, on one database, that are killed, paused
 * or blocked: every acknowledged job is recorded once all the same. Leases are short, so that the
 * tests need not wait long for them.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const leases = { leaseMs: 3_000, heartbeatMs: 500, graceMs: 300 }

interface Engine extends AsyncDisposable {
  readonly process: ChildProcess
  readonly news: EngineProcessNews[]
  /** Resolves with the first news of the kind, past or to come. */
  heard(kind: EngineProcessNews['kind']): Promise<EngineProcessNews>
  /** Resolves when the process has ended, with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>
}

let engines = 0

async function startEngine(options: Partial<EngineProcessOptions> = {}): Promise<Engine> {
  const id = `engine-${++engines}`
  const all: EngineProcessOptions = { id, address: database.address, ...leases, ...options }
  const child = fork(new URL('./engine-process.ts', import.meta.url), [JSON.stringify(all)], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  child.stderr?.resume()
  const news: EngineProcessNews[] = []
  child.on('message', message => news.push(message as EngineProcessNews))
  const ended = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null)
  const engine: Engine = {
    ...{ process: child, news, ended },
    async heard(kind) {
      for (;;) {
        const found = news.find(each => each.kind === kind)
        if (found !== undefined) return found
        await Promise.race([once(child, 'message'), ended.then(() => assert.fail(`${id} ended`))])
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
  if (options.fault === undefined) await engine.heard('up')
  return engine
}

async function store(...jobs: NewJob[]): Promise<void> {
  await createJobs(db, jobs)
  await db.query(sql`select pg_notify('cronos_runs', '0')`)
}

const named = (task: string, more: Partial<NewJob> = {}) => aJob({ payload: { task }, ...more })

async function completed(jobId: JobId) {
  for (;;) {
    const job = await readJob(db, jobId, alice)
    if (job?.status === 'COMPLETED') return job
    assert.notEqual(job?.status, 'FAILED')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function failed(jobId: JobId): Promise<void> {
  while ((await readJob(db, jobId, alice))?.status !== 'FAILED')
    await new Promise(resolve => setTimeout(resolve, 20))
}

async function onlyRun(jobId: JobId) {
  const runs = await listRuns(db, jobId, alice, { limit: 10, offset: 0 })
  assert.equal(runs.length, 1)
  return (await readRun(db, runs[0]!, alice))!
}

test('executor killed in the middle of a run: the other one goes on, and the run is recorded once', async () => {
  const job = named('long')
  await using first = await startEngine()
  await store(job)
  await first.heard('begun')
  await using second = await startEngine()
  first.process.kill('SIGKILL')
  const begun = await second.heard('begun')
  assert.deepEqual(begun.kind === 'begun' && begun.attempt, 2)
  await completed(job.jobId)
  const run = await onlyRun(job.jobId)
  assert.deepEqual(
    run.attempts.map(attempt => attempt.outcome),
    ['LOST', 'SUCCEEDED'],
  )
})

test('scheduler killed between claim and publish: nothing is lost', async () => {
  const jobs = Array.from({ length: 20 }, () => named('quick'))
  await createJobs(db, jobs)
  await using dying = await startEngine({ fault: 'die before publish' })
  assert.equal(await dying.ended, 'SIGKILL')
  const { rows } = await db.query<{ count: number }>(
    sql`select count(*) from runs_live where status = 'DISPATCHED'`,
  )
  assert.ok(rows[0]!.count > 0)
  await using _other = await startEngine()
  for (const job of jobs) {
    assert.equal((await completed(job.jobId)).attempts, 1)
    await onlyRun(job.jobId)
  }
})

test('everything killed at once: the next start goes on', async () => {
  const jobs = Array.from({ length: 30 }, () => named('second'))
  await using first = await startEngine()
  await using second = await startEngine()
  await store(...jobs)
  await Promise.race([first.heard('begun'), second.heard('begun')])
  first.process.kill('SIGKILL')
  second.process.kill('SIGKILL')
  await Promise.all([first.ended, second.ended])
  await using _next = await startEngine()
  for (const job of jobs) {
    await completed(job.jobId)
    await onlyRun(job.jobId)
  }
})

test('process paused past its lease: what it did then changes nothing', async () => {
  const job = named('second')
  await using paused = await startEngine()
  await store(job)
  await paused.heard('begun')
  paused.process.kill('SIGSTOP')
  await using other = await startEngine()
  await other.heard('ended')
  await completed(job.jobId)
  const before = await onlyRun(job.jobId)
  paused.process.kill('SIGCONT')
  const more = named('quick')
  await store(more)
  await completed(more.jobId) // both processes live on
  assert.deepEqual(await onlyRun(job.jobId), before)
  assert.equal(before.executor, `engine-${engines}`)
})

test('process paused past the deadline of its task: it is not taken for one that is blocked, and lives on', async () => {
  const job = named('long', { timeoutMs: 500, maxAttempts: 1 })
  await using paused = await startEngine()
  await store(job)
  await paused.heard('begun')
  paused.process.kill('SIGSTOP')
  await using other = await startEngine()
  await failed(job.jobId) // when its lease is over, and so its deadline
  paused.process.kill('SIGCONT')
  other.process.kill('SIGKILL')
  const more = named('quick')
  await store(more)
  const end = paused.ended.then(signal => assert.fail(`it was ended by ${signal}`))
  await Promise.race([completed(more.jobId), end]) // by the one that was paused: there is no other
})

test('task that never lets go of the event loop: it keeps its lease to the deadline, then its process ends', async () => {
  const job = named('block', { timeoutMs: 2_000, maxAttempts: 1 })
  await using blocked = await startEngine()
  await store(job)
  await blocked.heard('begun')
  assert.equal(await blocked.ended, 'SIGKILL')
  const { rows } = await db.query<{ held: number }>(sql`
    select extract(epoch from wake_at - started_at)::float8 * 1000 as held
      from runs_live where status = 'RUNNING'`)
  assert.ok(rows[0]!.held >= 2_000, `the lease was kept for ${rows[0]!.held} ms`)
  await using _other = await startEngine()
  await failed(job.jobId)
  const run = await onlyRun(job.jobId)
  assert.equal(run.error?.name, 'LeaseExpired')
})

test('connections to the database cut again and again: each job is recorded once', async () => {
  const jobs = Array.from({ length: 300 }, () => named('quick'))
  await using engine = await startEngine()
  const cut = () =>
    db.query(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where application_name in (${`engine-${engines}`}, 'cronos-heartbeat')`)
  for (let round = 0; round < 6; round++) {
    await store(...jobs.slice(round * 50, round * 50 + 50))
    await cut()
  }
  for (const job of jobs) {
    await completed(job.jobId)
    await onlyRun(job.jobId)
  }
  const ended = engine.news.filter(each => each.kind === 'ended').map(each => each.runId)
  const runs = await Promise.all(jobs.map(job => onlyRun(job.jobId)))
  for (const run of runs) assert.ok(ended.includes(runIdOf(run)))
  assert.equal(engine.process.exitCode, null)
})
