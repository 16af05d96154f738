import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aCron, anInstant, anyCron, anyZone, aZone } from '../test/arbitrary.ts'
import { countFires } from './cron/count.ts'
import { springDst } from './cron/cron.ts'
import { forecast } from './forecast.ts'
import { instant } from './instant.ts'
import type { FireWindow, Recurrence } from './recurrence.ts'

const HOUR_MS = 3_600_000
const utc = aZone('UTC')
const window = {
  from: anInstant('2026-01-01T00:00Z'),
  to: anInstant('2026-01-01T04:00Z'),
  bucketMs: HOUR_MS,
}

function byCron(expression: string, given: Partial<FireWindow> = {}): Recurrence {
  const cron = aCron(expression)
  return { kind: 'cron', cron, zone: utc, dst: springDst, startAt: null, endAt: null, ...given }
}

test('the buckets of a forecast hold the fires of all jobs', () => {
  const jobs = [{ recurrence: byCron('0 */15 * * * *') }, { recurrence: byCron('0 30 2 * * *') }]
  assert.deepEqual(forecast(jobs, window), [
    { from: anInstant('2026-01-01T00:00Z'), fires: 4, busySlots: null },
    { from: anInstant('2026-01-01T01:00Z'), fires: 4, busySlots: null },
    { from: anInstant('2026-01-01T02:00Z'), fires: 5, busySlots: null },
    { from: anInstant('2026-01-01T03:00Z'), fires: 4, busySlots: null },
  ])
})

test('no fire is lost between buckets, however they are cut', () => {
  const anyBucket = fc.integer({ min: 60_000, max: 5 * HOUR_MS })
  fc.assert(
    fc.property(anyCron, anyZone, anyBucket, (cron, zone, bucketMs) => {
      const days = { from: window.from, to: instant(window.from + 50 * HOUR_MS), bucketMs }
      const total = forecast(
        [{ recurrence: { ...byCron('* * * * * *'), cron, zone } as Recurrence }],
        days,
      ).reduce((sum, { fires }) => sum + fires, 0)
      assert.equal(total, countFires(cron, zone, days.from, days.to))
    }),
  )
})

test('a job counts only between its start and its end', () => {
  const span = { startAt: anInstant('2026-01-01T01:30Z'), endAt: anInstant('2026-01-01T02:20Z') }
  const job = { recurrence: byCron('0 */10 * * * *', span) }
  assert.deepEqual(
    forecast([job], window).map(({ fires }) => fires),
    [0, 3, 2, 0],
  )
})

test('runs keep slots busy for as long as they have taken so far', () => {
  const quarterHours = { recurrence: byCron('0 */15 * * * *'), meanRunMs: HOUR_MS / 8 }
  const longOnce = { recurrence: byCron('0 0 1 * * *'), meanRunMs: 1.5 * HOUR_MS }
  assert.deepEqual(
    forecast([quarterHours, longOnce], window).map(({ busySlots }) => busySlots),
    [0.5, 1.5, 1, 0.5],
  )
})

test('a forecast without a length is refused', () => {
  assert.throws(() => forecast([], { ...window, to: window.from }), RangeError)
  assert.throws(() => forecast([], { ...window, bucketMs: 0 }), RangeError)
})
