import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Instant, instant } from '@cronos/domain'
import { aJob, freshDatabase } from '@cronos/testkit'
import { createJobs } from '../jobs/create.ts'
import { sql } from '../sql.ts'
import { recordAttempts, startRuns } from './attempts.ts'
import { claimRuns } from './claim.ts'
import { markDeadLetters, readDeadLetters } from './dead-letters.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

/** Jobs whose only run has ended as `status` says. */
async function endedJobs(count: number, status: 'FAILED' | 'SUCCEEDED') {
  const jobs = Array.from({ length: count }, () => aJob())
  await createJobs(db, jobs)
  const options = { limit: count, dispatchLeaseMs: 5_000, takeOver: false, tzdata: 'test' }
  const claimed = await db.transaction(tx => claimRuns(tx, options))
  const events = claimed.map(run => ({ ...run, attempt: run.attempt + 1 }))
  const how = { executor: 'one', leaseMs: 10_000, again: false }
  const started = await startRuns(db, events, how)
  const next = status === 'FAILED' ? { status, reason: 'no route' } : { status }
  const error = status === 'FAILED' ? { name: 'TypeError', message: 'no route' } : null
  await recordAttempts(
    db,
    started.map(run => ({ ...run, next, error, output: null, failsJob: false })),
  )
  return started
}

test('a run that failed for good is a dead letter until the world has been told of it', async () => {
  await endedJobs(1, 'SUCCEEDED')
  const [failed] = await endedJobs(1, 'FAILED')
  const letters = await readDeadLetters(db, 10)
  const failedAt: Instant = letters[0]!.failedAt
  assert.equal(instant(failedAt), failedAt)
  assert.deepEqual(letters, [
    {
      ...{ jobId: failed!.jobId, scheduledAt: failed!.scheduledAt, failedAt },
      ...{ attempts: 1, jobVersion: 1, error: { name: 'TypeError', message: 'no route' } },
    },
  ])
  await markDeadLetters(db, letters)
  assert.deepEqual(await readDeadLetters(db, 10), [])
})

test('dead letters come oldest first, as many as are asked for', async () => {
  const failed = [...(await endedJobs(1, 'FAILED')), ...(await endedJobs(2, 'FAILED'))]
  const two = await readDeadLetters(db, 2)
  assert.equal(two[0]!.jobId, failed[0]!.jobId)
  await markDeadLetters(db, two)
  assert.equal((await readDeadLetters(db, 2)).length, 1)
})

test('looking for dead letters walks the index that holds no other runs', async () => {
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(sql`
    explain select job_id from runs_done where status = 'FAILED' and dlt_at is null
     order by finished_at limit 500`)
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  assert.match(plan, /Index Scan using runs_done_dead_letters/)
  assert.doesNotMatch(plan, /Sort/)
})
