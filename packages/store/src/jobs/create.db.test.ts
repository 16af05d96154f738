import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type UserId, uuidOf } from '@cronos/domain'
import { aJob, atInstant, byInterval, freshDatabase, fromNow } from '@cronos/testkit'
import { sql } from '../sql.ts'
import { createJobs } from './create.ts'

const database = await freshDatabase('jobs')
after(() => database[Symbol.asyncDispose]())
const db = database.pool('engine')
const soon = await fromNow(db, 60_000)

test('jobs of several kinds are stored at once, each as it was asked for', async () => {
  const [alice, bob] = ['alice' as UserId, 'bob' as UserId]
  const jobs = [
    aJob({ owner: alice, name: 'one', payload: { task: 'a', quote: '"\\{},' } }),
    aJob({ owner: bob, priority: 'HIGH', trigger: atInstant(soon), payload: { task: 'b' } }),
    aJob({ owner: alice, name: 'NULL', payload: { task: 'c', empty: '' } }),
    aJob({ owner: bob, tags: ['x', 'y, "z"'], trigger: byInterval(90_000, soon), spreadMs: 5_000 }),
    aJob({ owner: bob, priority: 'HIGH', trigger: atInstant(soon + 1), payload: { task: 'd' } }),
    aJob({ owner: bob, tags: ['x', 'y, "z"'], timeoutMs: 1_234, expireAfterMs: 7_000 }),
  ]
  const created = await createJobs(db, jobs)
  assert.deepEqual(
    created.map(each => each.jobId),
    jobs.map(each => each.jobId),
  )
  const { rows } = await db.query<Stored>(sql`
    select d.created_by as owner, d.name, d.tags, d.priority, d.payload, d.timeout_ms as "timeoutMs",
           d.job_type as "jobType", t.run_at is null as "isRecurring", q.due_at as "dueAt",
           q.priority as "runPriority", q.owner as "runOwner",
           extract(epoch from q.expires_at - q.due_at)::float8 * 1000 as "expiresInMs"
      from unnest(${jobs.map(job => uuidOf(job.jobId))}::uuid[]) with ordinality asked (job_id, n)
      join job_definitions d using (job_id)
      join triggers t using (job_id)
      join runs_live q using (job_id)
     order by asked.n`)
  assert.deepEqual(
    rows.map(({ owner, name, tags, payload }) => ({ owner, name, tags, payload })),
    jobs.map(({ owner, name, tags, payload }) => ({ owner, name, tags, payload })),
  )
  for (const [index, row] of rows.entries()) {
    const job = jobs[index]!
    assert.equal(row.dueAt, created[index]!.nextRunAt)
    assert.deepEqual([row.runOwner, row.runPriority], [job.owner, row.priority])
    assert.equal(row.priority, job.priority === 'HIGH' ? 1 : 2)
    assert.equal(row.timeoutMs, job.timeoutMs)
    assert.equal(row.expiresInMs, job.expireAfterMs)
    assert.equal(row.isRecurring, job.trigger.kind === 'every')
    assert.equal(row.jobType, job.trigger.kind === 'every' ? 'RECURRING' : 'ONE_TIME')
  }
})

interface Stored {
  readonly owner: string
  readonly name: string | null
  readonly tags: readonly string[]
  readonly priority: number
  readonly payload: object
  readonly timeoutMs: number
  readonly jobType: string
  readonly isRecurring: boolean
  readonly dueAt: number
  readonly runPriority: number
  readonly runOwner: string
  readonly expiresInMs: number | null
}

test('an immediate job is due when it is created, a later one in so many milliseconds', async () => {
  const [now, later] = await createJobs(db, [aJob(), aJob({ trigger: atInstant(soon) })])
  assert.ok(now!.dueInMs <= 0)
  assert.equal(later!.nextRunAt, soon)
  assert.ok(later!.dueInMs > 0 && later!.dueInMs <= 60_000)
})

test('of jobs that are created at once all are stored or none', async () => {
  const twice = aJob()
  await createJobs(db, [twice])
  const other = aJob()
  await assert.rejects(createJobs(db, [other, twice]))
  const { rowCount } = await db.query(sql`
    select from job_definitions where job_id = ${uuidOf(other.jobId)}::uuid`)
  assert.equal(rowCount, 0)
})
