import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEmbeddedBus } from '@cronos/bus'
import { uuidOf } from '@cronos/domain'
import { startScheduler } from '@cronos/scheduler-service'
import {
  type Connection,
  createJobs,
  listenForWakes,
  openWakeTeller,
  reportExecutor,
  sql,
} from '@cronos/store'
import { aJob, freshDatabase } from '@cronos/testkit'
import { pino } from 'pino'
import { schedulerConfig, testPipeline } from './pipeline.ts'

testPipeline('embedded', () => Promise.resolve({ bus: openEmbeddedBus(), isShared: false }))

test('a flood of news is a few notifications', async () => {
  await using database = await freshDatabase('jobs')
  const db = database.pool('engine')
  await using connection: Connection = await db.connect()
  const heard: number[] = []
  await listenForWakes(connection, inMs => heard.push(inMs))
  await using teller = openWakeTeller(db, {
    horizonMs: 30_000,
    onError: error => assert.fail(String(error)),
  })
  for (let n = 0; n < 1_000; n++) teller.tell(60_000)
  for (let n = 0; n < 1_000; n++) teller.tell(20_000 - n)
  const rest = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
  while (heard.length === 0) await rest(5)
  await rest(50) // for more of them, should there be any
  assert.ok(heard.length <= 3, `${heard.length} notifications`)
  assert.ok(heard.every(inMs => inMs <= 20_000))
})

test('a scheduler that was cut off from the news looks at once when it hears again', async () => {
  await using database = await freshDatabase('jobs')
  const db = database.pool('engine')
  const bus = openEmbeddedBus()
  const id = 'executor-1'
  await reportExecutor(db, {
    ...{ id, slots: 5, free: 5, tasks: ['send_email'], startsPerSecond: 0 },
  })
  await using _scheduler = startScheduler(
    { db, bus, log: pino({ level: 'silent' }), onlyExecutor: null },
    { ...schedulerConfig, maxSleepMs: 3_600_000, heartbeatMs: 600_000 },
  )
  // Tells by the connection that hears the news which process of PostgreSQL it has.
  const listener = sql`
    select pid from pg_stat_activity
     where datname = current_database() and query like 'listen%'`
  const pidOf = async () => (await db.query<{ pid: number }>(listener)).rows[0]?.pid
  let pid: number | undefined
  while (pid === undefined) pid = await pidOf()
  await new Promise(resolve => setTimeout(resolve, 300)) // until it rests, for it has nothing to do
  const job = aJob()
  await createJobs(db, [job]) // and nobody tells
  await db.query(sql`select pg_terminate_backend(${pid}::int)`)
  for (;;) {
    const { rows } = await db.query<{ dispatches: number }>(sql`
      select dispatches from runs_live where job_id = ${uuidOf(job.jobId)}`)
    if (rows[0]!.dispatches > 0) break
    await new Promise(resolve => setTimeout(resolve, 20))
  }
})
