import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Instant, instant } from '@cronos/domain'
import { aJob, byCron, freshDatabase, fromNow } from '@cronos/testkit'
import type { Connection, Db } from '../db.ts'
import { createJobs } from '../jobs/create.ts'
import { type Statement, sql } from '../sql.ts'
import { type Ended, extendLeases, type Started, startRuns } from './attempts.ts'
import { readCapacity, readSpareSlots } from './capacity.ts'
import { type Claimed, claimRuns } from './claim.ts'
import { findRecorded, finishRuns, returnRuns } from './finish.ts'
import { insertNextFires } from './next-fires.ts'
import { releaseRuns } from './release.ts'
import { dropClaimed, queueClaimed, recordSkipped } from './settle.ts'
import { readNextWake } from './wake.ts'

/*
 * A million runs that are not due yet, and the statements of the engine over them: each touches what
 * it takes, and nothing else.
 */

const FUTURE_RUNS = 1_000_000
const DUE = 200

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())
const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())
let connection: Connection

before(
  async () => {
    for (let n = 0; n < FUTURE_RUNS; n += 50_000)
      await db.query(sql`
        insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, priority,
                               recurring, status, owner)
        select gen_random_uuid(), at, at, at, 3, (n % 4)::smallint, false, 'PENDING', 'bob'
          from (select n, date_trunc('milliseconds', now()) + interval '1 hour'
                            + interval '1 second' * n as at
                  from generate_series(${n}::int, ${n + 49_999}::int) as n) future`)
    const at = await fromNow(db, -1_000)
    await createJobs(
      db,
      Array.from({ length: DUE }, (_, n) =>
        aJob({
          ...(n % 2 === 0 ? { trigger: byCron('0 0 * * * *', at), overlap: 'queue' } : {}),
          priority: (['CRITICAL', 'HIGH', 'NORMAL', 'LOW'] as const)[n % 4]!,
        }),
      ),
    )
    connection = stack.use(await db.connect())
  },
  { timeout: 280_000 },
)

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly PlanNode[]
}

/** The plan of what `call` asks the database, as it was carried out; nothing of it stays. */
async function explain(call: (db: Db) => Promise<unknown>): Promise<PlanNode> {
  const asked: Statement[] = []
  const recorder = {
    query(statement: Statement) {
      asked.push(statement)
      return Promise.resolve({ rows: [{}], rowCount: 0 })
    },
  }
  await call(recorder as Db).catch(() => {}) // nothing was answered to it
  const [statement] = asked
  assert.ok(statement)
  const text = (sql: string): Statement => ({ text: sql, values: [] })
  await connection.query(text(`prepare explained as ${statement.text}`))
  await connection.query(text('begin'))
  try {
    const values = statement.values.map(literal).join(', ')
    const { rows } = await connection.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      text(
        `explain (analyze, buffers, timing off, format json) execute explained ${values && `(${values})`}`,
      ),
    )
    return rows[0]!['QUERY PLAN'][0].Plan
  } finally {
    await connection.query(text('rollback'))
    await connection.query(text('deallocate explained'))
  }
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value))
    return `'{${value.map(each => (each === null ? 'null' : JSON.stringify(String(each)))).join(',')}}'`
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

/** Each table is found by index, and no row is looked at in vain but a few. */
function assertByIndex(plan: PlanNode): void {
  for (const node of nodesOf(plan)) {
    const { 'Node Type': type, 'Relation Name': table = '' } = node
    assert.ok(
      type !== 'Seq Scan' || table === 'executors',
      `${type} on ${table} instead of an index`,
    )
    const inVain = (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops']
    assert.ok(inVain <= DUE * 2, `${type} on ${table} looks at ${inVain} rows in vain`)
  }
}

const options = { limit: 1_000, dispatchLeaseMs: 60_000, takeOver: true }

test('a claim among a million future runs touches only what it takes', async () => {
  const plan = await explain(tx => claimRuns(tx, options))
  assertByIndex(plan)
  assert.equal(plan['Actual Rows'], DUE)
  const scans = nodesOf(plan).filter(node => node['Index Name'] === 'runs_live_wake')
  assert.equal(scans.length, 1, 'one scan for each level')
  assert.equal(scans[0]!['Actual Loops'], 4)
  assert.equal(Math.round(scans[0]!['Actual Rows'] * 4), DUE)
  const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  assert.ok(blocks < DUE * 60, `${blocks} blocks for ${DUE} runs`)
})

test('a claim with nothing due reads a few blocks', async () => {
  const capped = { each: 0, left: new Map([['alice', 0]]), from: null }
  assertByIndex(await explain(tx => claimRuns(tx, { ...options, shares: capped })))
  await db.query(
    sql`update runs_live set wake_at = wake_at + interval '1 day' where owner = 'alice'`,
  )
  const plan = await explain(tx => claimRuns(tx, options))
  const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  await db.query(
    sql`update runs_live set wake_at = wake_at - interval '1 day' where owner = 'alice'`,
  )
  assert.equal(plan['Actual Rows'], 0)
  assert.ok(blocks < 400, `${blocks} blocks`)
})

test('all else that the engine does for each run finds it by its key', async () => {
  const claimed = await db.transaction(tx => claimRuns(tx, options))
  assert.equal(claimed.length, DUE)
  const events = claimed.map(run => ({ ...run, attempt: 1 }))
  const start = { executor: 'one', leaseMs: 60_000, again: false }
  assertByIndex(await explain(db => startRuns(db, events, start)))
  assertByIndex(await explain(db => releaseRuns(db, claimed, 0)))
  const started = await startRuns(db, events, start)
  assert.equal(started.length, DUE)

  const done = started.map(run => endedAs(run, { status: 'SUCCEEDED' }))
  const failed = started.map(run => endedAs(run, { status: 'PENDING', delayMs: 1, counts: true }))
  const spans = claimed.map(run => spanOf(run))
  const statements: [string, (db: Db) => Promise<unknown>][] = [
    ['heartbeat', db => extendLeases(db, started, { leaseMs: 1, graceMs: 1 })],
    ['finish', db => finishRuns(db, done)],
    ['return', db => returnRuns(db, failed, 'FAILED')],
    ['find recorded', db => findRecorded(db, started)],
    ['next fires', db => insertNextFires(db, claimed.map(nextOf), 'test')],
    ['queue', db => queueClaimed(db, claimed.map(queuedOf))],
    ['drop', db => dropClaimed(db, claimed)],
    ['skipped', db => recordSkipped(db, spans)],
    ['next wake', db => readNextWake(db, { takeOver: true })],
    ['capacity', db => readCapacity(db, { leaseMs: 60_000, aliveMs: 1, only: null })],
    ['spare slots', db => readSpareSlots(db, { besides: 'one', aliveMs: 1, leaseMs: 60_000 })],
  ]
  for (const [name, call] of statements) {
    const plan = await explain(call)
    assertByIndex(plan)
    const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
    assert.ok(blocks < DUE * 60, `${name}: ${blocks} blocks for ${DUE} runs`)
  }
})

function endedAs(run: Started, next: Ended['next']): Ended {
  const { jobId, scheduledAt, fence } = run
  return { jobId, scheduledAt, fence, next, error: null, output: null, failsJob: false }
}

const hourAfter = (at: Instant) => instant(at + 3_600_000)
const nextOf = (run: Claimed) => ({ ...run, nextAt: hourAfter(run.scheduledAt) })
const queuedOf = (run: Claimed) => ({ ...run, until: null, isCatchUp: false, isPlanned: true })
const spanOf = (run: Claimed) => ({
  ...{ run, from: run.scheduledAt, to: run.scheduledAt, count: 1, policy: 'OVERLAP' as const },
  intoRun: false,
})
