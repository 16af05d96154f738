import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Bus, openEmbeddedBus } from '@cronos/bus'
import type { JobEvent } from '@cronos/domain'
import { createJobs, sql } from '@cronos/store'
import { aJob, freshDatabase } from '@cronos/testkit'
import { pino } from 'pino'
import type { SchedulerConfig } from './config.ts'
import { openFairness } from './fairness.ts'
import { openLowWater } from './low-water.ts'
import { tick } from './tick.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

test('a run that appears before the mark is found by the next sweep, and the scheduler does not sleep past it', async () => {
  let nowMs = 0
  const published: JobEvent[] = []
  const bus: Bus = {
    ...openEmbeddedBus(),
    publish: events => Promise.resolve(void published.push(...events)),
  }
  const lowWater = openLowWater(() => nowMs)
  const window = {
    ...{ room: () => Promise.resolve(100), refresh: () => Promise.resolve(), use() {}, restMs: 5 },
    batch: Number.POSITIVE_INFINITY,
  }
  const sends = { begin: (send: () => Promise<void>) => send() }
  const turn = () =>
    tick(
      {
        ...{ db, bus, window, lowWater, sends, tzdata: 'test', random: Math.random },
        fairness: openFairness(
          () => nowMs,
          Number.POSITIVE_INFINITY,
          () => false,
        ),
        log: pino({ level: 'silent' }),
      },
      { batchSize: 100, maxSleepMs: 30_000, dispatchLeaseMs: 60_000 } as SchedulerConfig,
      true,
    )
  await createJobs(db, [aJob()])
  await turn()
  assert.equal(published.length, 1)
  assert.notEqual(lowWater.mark, null)

  await createJobs(db, [aJob()])
  // As if its transaction had begun long before it committed.
  await db.query(sql`
    update runs_live set wake_at = now() - interval '1 minute', due_at = now() - interval '1 minute'
     where status = 'PENDING'`)
  const restMs = await turn()
  assert.equal(published.length, 1)
  assert.ok(restMs > 0 && restMs <= 1_000)
  nowMs += restMs
  await turn()
  assert.equal(published.length, 2)
})
