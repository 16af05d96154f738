import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Instant, instant, jobIdOf, type UserId } from '@cronos/domain'
import { freshDatabase } from '@cronos/testkit'
import type { Db, Result } from '../db.ts'
import { type RunSearch, searchRuns, searchRunsOfJob } from '../runs/search.ts'
import { type Statement, sql } from '../sql.ts'
import { countJobs } from './count.ts'
import { type JobSearch, searchJobs } from './search.ts'

/*
 * What lists and searches touch in the tables of an owner with many jobs, among others with as many.
 */

const database = await freshDatabase('jobs')
const db = database.pool('general')
after(() => database[Symbol.asyncDispose]())

const JOBS = 60_000
const alice = 'alice' as UserId

before(async () => {
  await db.query(sql`
    insert into job_definitions (job_id, name, tags, job_type, execution_mode, payload, max_attempts,
                                 created_at, updated_at, created_by)
    select ('01a00000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
           case when n % 10 = 0 then 'report ' || n end,
           case when n % 20 = 0 then array['billing', 'tenant ' || n % 3000] else '{}' end,
           'ONE_TIME', 'SCHEDULED', '{"task":"send_email"}', 3,
           '2026-01-01'::timestamptz + n * interval '1 second', now(),
           case when n % 2 = 0 then 'alice' else 'other ' || n % 50 end
      from generate_series(1, ${JOBS}::int) n`)
  await db.query(sql`
    insert into runs_done (job_id, scheduled_at, due_at, finished_at, max_attempts, done, recurring,
                           status, owner)
    select job_id, created_at, created_at, created_at, 3, true, false, 'SUCCEEDED', created_by
      from job_definitions
     where created_at < '2026-01-01T12:00:00Z'`)
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                           owner)
    select job_id, created_at, created_at, '2099-01-01', 3, false, 'PENDING', created_by
      from job_definitions
     where created_at >= '2026-01-01T12:00:00Z'`)
  await db.query(sql`analyze`)
})

interface Node {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Node[]
}

/** The scans of all statements that `work` runs: by what they were served, and the rows they read. */
async function scansOf(work: (db: Db) => Promise<unknown>) {
  const scans: { by: string; rows: number }[] = []
  const watching: Db = {
    async query<Row extends object>({ text, values }: Statement): Promise<Result<Row>> {
      const { rows } = await db.query<{ 'QUERY PLAN': { Plan: Node }[] }>({
        text: `explain (analyze, timing off, format json) ${text}`,
        values,
      })
      collect(rows[0]!['QUERY PLAN'][0]!.Plan)
      return db.query<Row>({ text, values })
    },
  }
  await work(watching)
  return scans

  function collect(node: Node): void {
    const kind = node['Node Type']
    if (kind.endsWith('Scan') && !/^(Bitmap Heap|Subquery|Function|CTE|Result)/.test(kind)) {
      const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)
      scans.push({ by: node['Index Name'] ?? kind, rows: each * node['Actual Loops'] })
    }
    for (const inner of node.Plans ?? []) collect(inner)
  }
}

async function assertServed(
  work: (db: Db) => Promise<unknown>,
  by: string,
  mostRows: number,
): Promise<void> {
  const scans = await scansOf(work)
  const told = JSON.stringify(scans)
  assert.ok(
    scans.some(scan => scan.by === by),
    told,
  )
  assert.ok(!scans.some(scan => scan.by.includes('Seq Scan') && scan.rows > 0), told)
  const rows = scans.reduce((sum, scan) => sum + scan.rows, 0)
  assert.ok(rows <= mostRows, told)
}

const anyJob: JobSearch = {
  ...{ namePrefix: null, name: null, tags: [], task: null, status: null, jobType: null },
  ...{ createdFrom: null, createdTo: null, nextFrom: null, nextTo: null },
}
const jobs = (search: Partial<JobSearch>, at: string | null = null) => {
  const jobId = jobIdOf('01a00000-0000-7000-8000-000000000001')
  const after = at === null ? null : { createdAt: Date.parse(at) as Instant, jobId }
  return (each: Db) => searchJobs(each, alice, { ...anyJob, ...search }, { after, limit: 20 })
}
const anyRun: RunSearch = { status: null, reason: null, from: null, to: null }
const runs = (search: Partial<RunSearch>, at: string | null = null) => {
  const jobId = jobIdOf('01a00000-0000-7000-8000-000000000001')
  const after = at === null ? null : { scheduledAt: instant(Date.parse(at)), jobId }
  const page = { after, limit: 20 }
  return (each: Db) => searchRuns(each, alice, { ...anyRun, ...search }, page, 60_000)
}

test('a page of jobs touches the jobs on it, however far it is', async () => {
  await assertServed(jobs({}), 'job_definitions_by_owner', 300)
  await assertServed(jobs({}, '2026-01-01T01:00:00Z'), 'job_definitions_by_owner', 300)
})

test('a status that many jobs have touches little more than the page', async () => {
  await assertServed(jobs({ status: 'SCHEDULED' }), 'job_definitions_by_owner', 300)
})

test('jobs are found by few names, or tags, without a look at the others', async () => {
  await assertServed(jobs({ namePrefix: 'report 600' }), 'job_definitions_by_name', 300)
  await assertServed(jobs({ namePrefix: 'nothing' }), 'job_definitions_by_name', 10)
  await assertServed(jobs({ tags: ['tenant 40'] }), 'job_definitions_by_tag', 400)
  await assertServed(jobs({ tags: ['nothing'] }), 'job_definitions_by_tag', 10)
})

test('a page of runs touches the runs on it, however far it is', async () => {
  await assertServed(runs({}), 'runs_done_by_owner', 60)
  await assertServed(runs({}, '2026-01-01T01:00:00Z'), 'runs_done_by_owner', 60)
  const span = { from: '2026-01-01T03:00:00Z', to: '2026-01-01T04:00:00Z' }
  const [from, to] = [span.from, span.to].map(text => instant(Date.parse(text)))
  await assertServed(runs({ from: from!, to: to! }), 'runs_done_by_owner', 60)
})

test('the runs of a job touch its own rows alone', async () => {
  const jobId = jobIdOf('01a00000-0000-7000-8000-000000000002')
  const scans = await scansOf(each =>
    searchRunsOfJob(each, jobId, alice, anyRun, { after: null, limit: 20 }),
  )
  assert.ok(
    !scans.some(scan => scan.by.includes('Seq Scan') && scan.rows > 0),
    JSON.stringify(scans),
  )
  assert.ok(scans.reduce((sum, scan) => sum + scan.rows, 0) <= 2, JSON.stringify(scans))
})

test('counting an owner’s jobs ends at its bound', async () => {
  const all = { status: null, jobType: null, from: null, to: null }
  const scans = await scansOf(each => countJobs(each, alice, all))
  assert.ok(scans.reduce((sum, scan) => sum + scan.rows, 0) <= 30_000, JSON.stringify(scans))
  assert.deepEqual(await countJobs(db, alice, all), { count: 10_000, isExact: false })
  assert.deepEqual(await countJobs(db, 'other 1' as UserId, all), { count: 1_200, isExact: true })
})
