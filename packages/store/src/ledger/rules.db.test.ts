import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { type JobId, uuidOf } from '@cronos/domain'
import { aJob, freshDatabase, fromNow } from '@cronos/testkit'
import { createJobs, readRuleBreaks, reportExecutor, sql } from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('general')
after(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  await db.query(sql`truncate job_definitions, runs, attempts, executors`)
})

async function breaks() {
  const found = await readRuleBreaks(db, await fromNow(db, -86_400_000), {
    leaseMs: 10_000,
    limit: 10,
  })
  return found.map(({ rule, jobId }) => `${rule} ${jobId}`)
}

/** A job whose run was to be looked after so many seconds ago. */
async function leftFor(seconds: number, status: 'PENDING' | 'DISPATCHED' | 'RUNNING') {
  const job = aJob()
  await createJobs(db, [job])
  await db.query(sql`
    update runs_live
       set status = ${status}, executor = 'one', deadline_at = now(),
           wake_at = now() - interval '1 second' * ${seconds}::float8
     where job_id = ${uuidOf(job.jobId)}`)
  return job.jobId
}

const anExecutor = (free: number) =>
  reportExecutor(db, { id: 'one', slots: 10, free, tasks: [], startsPerSecond: 0 })

async function finishedRun(jobId: JobId): Promise<void> {
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, started_at, finished_at, done, status,
                           attempt, max_attempts, recurring, owner)
    select job_id, scheduled_at, due_at, due_at, due_at, true, 'SUCCEEDED', 1, 3, recurring, owner
      from runs_live where job_id = ${uuidOf(jobId)}`)
}

test('a run whose lease ended longer ago than recovery takes is told', async () => {
  await anExecutor(5)
  const left = await leftFor(16, 'RUNNING')
  await leftFor(14, 'DISPATCHED')
  assert.deepEqual(await breaks(), [`LEFT ${left}`])
})

test('a run that waits is told only while the executors have nothing to do', async () => {
  const waiting = await leftFor(60, 'PENDING')
  assert.deepEqual(await breaks(), [])
  await anExecutor(9)
  assert.deepEqual(await breaks(), [])
  await anExecutor(10)
  assert.deepEqual(await breaks(), [`LEFT ${waiting}`])
})

test('nothing is told of what nobody can look after, because no executor is there', async () => {
  await leftFor(60, 'RUNNING')
  assert.deepEqual(await breaks(), [])
})

test('a run that is finished and unfinished at once is told', async () => {
  const job = aJob()
  await createJobs(db, [job])
  await finishedRun(job.jobId)
  assert.deepEqual(await breaks(), [`TWICE ${job.jobId}`])
})

test('an attempt that began before its run was due is told, the last one or an earlier one', async () => {
  const [last, earlier] = [aJob(), aJob()]
  await createJobs(db, [last, earlier])
  for (const job of [last, earlier]) await finishedRun(job.jobId)
  await db.query(sql`delete from runs_live`)
  await db.query(sql`
    update runs_done set started_at = due_at - interval '1 millisecond'
     where job_id = ${uuidOf(last.jobId)}`)
  await db.query(sql`
    insert into attempts (job_id, scheduled_at, attempt, fence, started_at, ended_at, outcome)
    select job_id, scheduled_at, 1, 1, due_at - interval '1 millisecond', due_at, 'FAILED'
      from runs_done where job_id = ${uuidOf(earlier.jobId)}`)
  assert.deepEqual(await breaks(), [`EARLY ${last.jobId}`, `EARLY ${earlier.jobId}`])
})
