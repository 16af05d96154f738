import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { type JobId, later, uuidOf } from '@cronos/domain'
import { aJob, byCron, freshDatabase, fromNow } from '@cronos/testkit'
import { createJobs } from '../jobs/create.ts'
import type { NewJob } from '../jobs/new-job.ts'
import { sql } from '../sql.ts'
import {
  type FinalStatus,
  moveLedgerHorizon,
  removeFinishedRuns,
  removeSkipped,
} from './retention.ts'

const HOUR_MS = 3_600_000

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())
beforeEach(() =>
  db.query(sql`
    truncate runs, job_definitions, triggers, skipped, attempts, mails, run_logs, run_progress`),
)

/** A job whose only run ended so many hours ago. */
async function endedJob(
  hoursAgo: number,
  status: FinalStatus = 'SUCCEEDED',
  given: Partial<NewJob> = {},
): Promise<JobId> {
  const job = aJob(given)
  await createJobs(db, [job])
  await db.query(sql`
    with run as (delete from runs_live where job_id = ${uuidOf(job.jobId)} returning *)
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, dlt_at, attempt, max_attempts,
                           done, recurring, status, owner, error)
    select job_id, scheduled_at, due_at, now() - interval '1 hour' * ${hoursAgo}::float8, now(), 1,
           max_attempts, true, recurring, ${status}, owner,
           case when ${status} = 'FAILED' then '{"message":"no route"}'::jsonb end
      from run`)
  return job.jobId
}

type Table =
  | 'runs'
  | 'job_definitions'
  | 'triggers'
  | 'attempts'
  | 'mails'
  | 'run_logs'
  | 'run_progress'
  | 'replay_keys'

async function count(table: Table) {
  const text = `select count(*) as count from ${table}`
  const { rows } = await db.query<{ count: number }>({ text, values: [] })
  return rows[0]!.count
}

const old = { ageMs: 24 * HOUR_MS, from: null, limit: 100 }

describe('retention', () => {
  test('removes what ended longer ago than it is kept, and keeps what is younger', async () => {
    await endedJob(25)
    const young = await endedJob(23)
    assert.deepEqual(await removeFinishedRuns(db, 'SUCCEEDED', old), {
      ...{ count: 1, jobs: 1, resumeAt: null },
    })
    const { rows } = await db.query<{ job: string }>(sql`select job_id as job from runs`)
    assert.deepEqual(rows, [{ job: uuidOf(young) }])
    assert.equal(await count('job_definitions'), 1)
    assert.equal(await count('triggers'), 1)
  })

  test('has an age of its own for each outcome', async () => {
    for (const status of ['SUCCEEDED', 'FAILED', 'CANCELLED'] as const) await endedJob(25, status)
    assert.equal((await removeFinishedRuns(db, 'CANCELLED', old)).count, 1)
    assert.equal((await removeFinishedRuns(db, 'FAILED', { ...old, ageMs: 1e9 })).count, 0)
    assert.equal(await count('runs'), 2)
  })

  test('takes attempts, mails and logs along with their run', async () => {
    const jobId = await endedJob(25)
    await db.query(sql`
      insert into attempts (job_id, scheduled_at, attempt, fence, ended_at, outcome)
      select job_id, scheduled_at, 1, 1, now(), 'FAILED' from runs`)
    await db.query(sql`
      insert into mails (job_id, scheduled_at, owner, message_id, sender, recipients, subject, text,
                         html, raw)
      select job_id, scheduled_at, owner, 'id', 'a@b', '{}', '', '', '', '' from runs`)
    await db.query(sql`
      insert into run_logs (job_id, scheduled_at, fence, line, attempt, owner, logged_at, level,
                            message)
      select job_id, scheduled_at, 1, 1, 1, owner, now(), 'INFO', 'one' from runs`)
    await db.query(sql`
      insert into run_progress (job_id, scheduled_at, fence)
      select job_id, scheduled_at, 1 from runs`)
    await db.query(sql`
      insert into replay_keys (job_id, replay_of, request_key, scheduled_at)
      select job_id, scheduled_at, 'once', now() from runs`)
    assert.ok(jobId)
    await removeFinishedRuns(db, 'SUCCEEDED', old)
    const tables = ['attempts', 'mails', 'run_logs', 'run_progress', 'replay_keys'] as const
    for (const table of tables) assert.equal(await count(table), 0, table)
  })

  test('keeps a dead letter that the world has not been told of', async () => {
    await endedJob(25, 'FAILED')
    await db.query(sql`update runs_done set dlt_at = null`)
    assert.equal((await removeFinishedRuns(db, 'FAILED', old)).count, 0)
  })

  test('keeps a job of which anything is left: a live run, a younger one, a skipped fire', async () => {
    const recurring = { trigger: byCron('0 0 0 * * *', await fromNow(db, HOUR_MS)) }
    const live = await endedJob(25, 'SUCCEEDED', recurring)
    await db.query(sql`
      insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                             owner)
      values (${uuidOf(live)}, now(), now(), now(), 3, true, 'PENDING', 'alice')`)
    const skipped = await endedJob(25, 'CANCELLED')
    await db.query(sql`
      insert into skipped (job_id, from_at, to_at, count, policy)
      values (${uuidOf(skipped)}, now(), now(), 1, 'EXPIRED')`)
    assert.deepEqual((await removeFinishedRuns(db, 'SUCCEEDED', old)).jobs, 0)
    assert.deepEqual((await removeFinishedRuns(db, 'CANCELLED', old)).jobs, 0)
    assert.equal(await count('job_definitions'), 2)
  })

  test('keeps a paused job, whatever is left of it', async () => {
    const paused = await endedJob(25)
    await db.query(sql`update job_definitions set state = 'PAUSED', paused_at = now()`)
    assert.equal((await removeFinishedRuns(db, 'SUCCEEDED', old)).jobs, 0)
    assert.ok(paused)
    assert.equal(await count('job_definitions'), 1)
  })

  test('removes a one-time job with the record of why it was skipped', async () => {
    const jobId = await endedJob(25)
    await db.query(sql`delete from runs_done`)
    await db.query(sql`
      insert into skipped (job_id, from_at, to_at, count, policy, settled_at)
      values (${uuidOf(jobId)}, now(), now(), 1, 'EXPIRED', now() - interval '25 hours')`)
    assert.deepEqual(await removeSkipped(db, old), { count: 1, jobs: 1, resumeAt: null })
    assert.equal(await count('job_definitions'), 0)
  })

  test('goes on where a full batch ended', async () => {
    for (let hours = 30; hours > 25; hours--) await endedJob(hours)
    const first = await removeFinishedRuns(db, 'SUCCEEDED', { ...old, limit: 3 })
    assert.equal(first.count, 3)
    assert.notEqual(first.resumeAt, null)
    const second = await removeFinishedRuns(db, 'SUCCEEDED', {
      ...{ ...old, limit: 3 },
      from: first.resumeAt,
    })
    assert.deepEqual([second.count, second.resumeAt], [2, null])
  })

  test('by two schedulers at once removes each run once and waits for nobody', async () => {
    for (let index = 0; index < 20; index++) await endedJob(25)
    const held = await database.pool('engine').transaction(async tx => {
      await tx.query(sql`select from runs_done order by finished_at limit 5 for update`)
      const [one, other] = await Promise.all([
        removeFinishedRuns(db, 'SUCCEEDED', { ...old, limit: 10 }),
        removeFinishedRuns(db, 'SUCCEEDED', { ...old, limit: 10 }),
      ])
      return one!.count + other!.count
    })
    assert.equal(held, 15)
    assert.equal(await count('runs'), 5)
  })

  test('says first from when on the ledger can answer', async () => {
    await moveLedgerHorizon(db, HOUR_MS)
    const horizon = async () => {
      const { rows } = await db.query<{ at: number }>(
        sql`select horizon_at as at from ledger_horizon`,
      )
      return rows[0]!.at
    }
    const moved = await horizon()
    const hourAgo = await fromNow(db, -HOUR_MS)
    assert.ok(moved <= hourAgo && moved > later(hourAgo, -60_000))
    await moveLedgerHorizon(db, 2 * HOUR_MS)
    assert.equal(await horizon(), moved, 'it never goes back')
  })

  test('walks the index on what finished first, not the history', async () => {
    const { rows } = await db.query<{ 'QUERY PLAN': string }>(sql`
      explain select ctid from runs_done r
       where r.finished_at < now() - interval '1 day' and r.status = 'SUCCEEDED'
       order by r.finished_at limit 1000 for update skip locked`)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    assert.match(plan, /Index Scan using runs_done_finished/)
    assert.doesNotMatch(plan, /Seq Scan|Sort/)
  })
})
