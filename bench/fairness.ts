/**
 * How long an owner's ten jobs wait behind 100,000 due jobs of another owner: `node bench/fairness.ts`.
 *
 * A scheduler and an executor with 50 slots over the embedded bus, on a PostgreSQL of its own with
 * durable commits; tasks that do nothing, that wait 20 ms, and that wait a minute.
 */

import { pino } from 'pino'
import { Type } from 'typebox'
import { openEmbeddedBus } from '../packages/bus/src/index.ts'
import type { UserId } from '../packages/domain/src/index.ts'
import { createJobs, openPool, openWakeTeller, sql } from '../packages/store/src/index.ts'
import { aJob, freshDatabase, startTestPostgres } from '../packages/testkit/src/index.ts'
import {
  defineTask,
  registryOf,
  startExecutor,
  type TaskTools,
} from '../services/executor/src/index.ts'
import { startScheduler } from '../services/scheduler/src/index.ts'

const BACKLOG = 100_000
const BATCH = 5_000
const NEWCOMERS = 10

await using server = await startTestPostgres({ durable: true })
Object.assign(process.env, server.environment)
const log = pino({ level: process.env['LOG'] ?? 'silent' })
const payload = Type.Object({ task: Type.String() }, { additionalProperties: true })

console.log(`${NEWCOMERS} jobs behind ${BACKLOG} of another owner, start after creation in ms`)
for (const waitMs of [0, 20, 60_000]) await measure(waitMs)
process.exit(0) // tasks of a minute are not waited for

async function measure(waitMs: number): Promise<void> {
  const database = await freshDatabase('jobs')
  const db = database.pool('engine')
  const task = defineTask({
    ...{ name: 'wait', payload },
    run: () => new Promise(resolve => setTimeout(() => resolve(undefined), waitMs)),
  })
  const jobOf = (owner: string) =>
    aJob({ owner: owner as UserId, payload: { task: 'wait' }, overlap: 'allow' })
  await createJobs(db, [jobOf('somebody')])
  for (let stored = 0; stored < BACKLOG; stored += BATCH)
    await createJobs(
      db,
      Array.from({ length: BATCH }, () => jobOf('crowd')),
    )
  const pool = openPool({ ...database.address, name: 'executor', max: 5, plans: 'engine' })
  const teller = openWakeTeller(db, { horizonMs: 30_000, onError: error => log.warn(error) })
  const bus = openEmbeddedBus()
  const retry = { baseMs: 1_000, capMs: 60_000 }
  const lease = { leaseMs: 10_000, heartbeatMs: 3_000, graceMs: 100, retry }
  await startExecutor(
    {
      ...{ id: 'bench', db: pool, bus, log, tellWake: teller.tell, address: database.address },
      ...{ registry: registryOf([task]), tools: {} as TaskTools },
    },
    { slots: 50, ...lease },
  )
  const keep = { succeededMs: 1e9, failedMs: 1e9, cancelledMs: 1e9, skippedMs: 1e9 }
  startScheduler(
    { db: pool, bus, log, onlyExecutor: 'bench' },
    {
      ...{ batchSize: 2_000, maxSleepMs: 30_000, baseBackoffMs: 300, dispatchWindow: 10_000 },
      ...{ dispatchLeaseMs: 5_000, misfireAfterMs: 60_000, retention: keep, ...lease },
    },
  )
  await new Promise(resolve => setTimeout(resolve, 2_000))
  await createJobs(
    db,
    Array.from({ length: NEWCOMERS }, () => jobOf('newcomer')),
  )
  teller.tell(0)
  const starts = await startsOf(db)
  const left = await count(db)
  console.log(
    `  tasks of ${String(waitMs).padStart(6)} ms: first ${starts[0]}, last ${starts.at(-1)}; ` +
      `${starts.length} had started after 3 s, ${left} of the crowd were left`,
  )
}

async function startsOf(db: ReturnType<typeof openPool>): Promise<number[]> {
  await new Promise(resolve => setTimeout(resolve, 3_000))
  const { rows } = await db.query<{ ms: number }>(sql`
    select (extract(epoch from started_at - due_at) * 1000)::float8 as ms from runs
     where owner = 'newcomer' and started_at is not null order by started_at`)
  return rows.map(row => Math.round(row.ms))
}

async function count(db: ReturnType<typeof openPool>): Promise<number> {
  const { rows } = await db.query<{ count: number }>(sql`
    select count(*) as count from runs_live where owner = 'crowd' and status = 'PENDING'`)
  return rows[0]!.count
}
