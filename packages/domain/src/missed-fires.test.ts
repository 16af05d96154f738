import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Instant, instant } from './instant.ts'
import { type MissedFires, settleMissed } from './missed-fires.ts'
import { misfirePolicies } from './policies.ts'
import { fireTimesOf, type Recurrence, recurrenceOf } from './recurrence.ts'

const grid = (cronExpression: string): Recurrence =>
  recurrenceOf({
    cronExpression,
    ...{ timeZone: 'Europe/Berlin', dstGap: 'skip', dstOverlap: 'both' },
    ...{ everyMs: null, anchorAt: null, startAt: null, endAt: null },
  })
const every = (everyMs: number, anchorMs: number): Recurrence => ({
  ...{ kind: 'every' as const, everyMs, anchorAt: instant(anchorMs) },
  ...{ startAt: null, endAt: null },
})
const recurrences = [
  ...['0 */7 * * * *', '0 30 2 * * *', '15,45 0 9-17 * * MON-FRI'].map(grid),
  every(90_500, 1_790_000_000_123),
]

/** The fire times of up to four days, of which the first few have a run that waits. */
const missed = fc
  .record({
    recurrence: fc.constantFrom(...recurrences),
    from: fc.integer({ min: 1_792_800_000_000, max: 1_793_400_000_000 }),
    lengthMs: fc.integer({ min: 60_000, max: 4 * 86_400_000 }),
    waiting: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ recurrence, from, lengthMs, waiting }) => {
    const upTo = instant(from + lengthMs)
    const all = [...fireTimesOf(recurrence, instant(from), instant(upTo + 1))]
    return { all, fires: { waiting: all.slice(0, waiting), recurrence, upTo } }
  })
  .filter(({ all }) => all.length > 0)

test('each missed fire time is either skipped or gets a run, and the latest ones do', () => {
  fc.assert(
    fc.property(
      missed,
      fc.constantFrom(...misfirePolicies),
      fc.integer({ min: 1, max: 50 }),
      ({ all, fires }, policy, limit) => {
        const settled = settleMissed(fires, policy, limit)
        const kept = { skip: 0, run_once: 1, catch_up: Math.min(limit, all.length) }[policy]
        const skipped = all.slice(0, all.length - kept)
        assert.equal(settled.missed, all.length)
        assert.equal(settled.keptFrom, all.at(all.length - kept) ?? null)
        assert.deepEqual(
          settled.skipped,
          skipped.length === 0
            ? null
            : { from: skipped[0], to: skipped.at(-1), count: skipped.length },
        )
      },
    ),
  )
})

test('runs that wait on the grid of an earlier trigger are settled without one of today', () => {
  const waiting = [1_000, 7_777].map(instant) as [Instant, Instant]
  const fires: MissedFires = { waiting, recurrence: null, upTo: instant(90_000) }
  assert.deepEqual(settleMissed(fires, 'run_once', 1), {
    missed: 2,
    skipped: { from: 1_000, to: 1_000, count: 1 },
    keptFrom: 7_777,
  })
})

test('a year of seconds is settled as fast as a minute', () => {
  const recurrence = every(1_000, 0)
  const fires = { waiting: [instant(0)], recurrence, upTo: instant(365 * 86_400_000) }
  const settled = settleMissed(fires, 'catch_up', 100)
  assert.equal(settled.missed, 365 * 86_400 + 1)
  assert.equal(settled.keptFrom, (365 * 86_400 - 99) * 1_000)
})
