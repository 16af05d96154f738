import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { springDst } from './cron/cron.ts'
import { parseCron } from './cron/parse.ts'
import { loadZone } from './cron/zone.ts'
import { type Instant, instant } from './instant.ts'
import {
  countFiresOf,
  fireTimesOf,
  nextFireOf,
  previousFireOf,
  type Recurrence,
  recurrenceOf,
  spreadOffsetMs,
} from './recurrence.ts'

const at = (text: string): Instant => instant(Date.parse(text))
const noon = at('2026-11-24T12:00:00Z')
const unbounded = { startAt: null, endAt: null }

function byCron(expression: string, window = {}): Recurrence {
  const parsed = parseCron(expression)
  assert.ok(parsed.ok)
  const zone = loadZone('UTC')!
  return { kind: 'cron', cron: parsed.cron, zone, dst: springDst, ...unbounded, ...window }
}

const recurrences = fc
  .record({
    everyMs: fc.integer({ min: 1_000, max: 90_000_000 }),
    anchor: fc.integer({ min: -1e9, max: 1e9 }),
    start: fc.option(fc.integer({ min: -1e9, max: 1e9 }), { nil: null }),
    end: fc.option(fc.integer({ min: -1e9, max: 1e9 }), { nil: null }),
    cron: fc.constantFrom(null, '0 */7 * * * *', '30 15 3 * * MON', '0 0 0 1 * *'),
  })
  .map(({ everyMs, anchor, start, end, cron }): Recurrence => {
    const window = {
      startAt: start === null ? null : instant(noon + start),
      endAt: end === null ? null : instant(noon + end),
    }
    return cron === null
      ? { kind: 'every', everyMs, anchorAt: instant(noon + anchor), ...window }
      : byCron(cron, window)
  })
const offsets = fc.integer({ min: -2e9, max: 2e9 })

describe('a recurrence', () => {
  test('fires strictly after the instant that is asked, within its window', () => {
    fc.assert(
      fc.property(recurrences, offsets, (recurrence, offset) => {
        const after = instant(noon + offset)
        const next = nextFireOf(recurrence, after)
        if (next === null) return
        assert.ok(next > after)
        assert.ok(recurrence.startAt === null || next >= recurrence.startAt)
        assert.ok(recurrence.endAt === null || next < recurrence.endAt)
        assert.equal(nextFireOf(recurrence, instant(next - 1)), next)
      }),
    )
  })
  test('tells the last fire before an instant: the one after which none comes until then', () => {
    fc.assert(
      fc.property(recurrences, offsets, (recurrence, offset) => {
        const before = instant(noon + offset)
        const last = previousFireOf(recurrence, before)
        if (last === null) return assert.equal(countFiresOf(recurrence, before - 3e9, before), 0)
        assert.ok(last < before)
        assert.equal(countFiresOf(recurrence, last, before), 1)
      }),
    )
  })
  test('counts as many fires as it lists', () => {
    fc.assert(
      fc.property(recurrences, offsets, fc.integer({ min: 0, max: 3e8 }), (recurrence, a, span) => {
        const from = instant(noon + a)
        const to = instant(from + span)
        const listed = [...fireTimesOf(recurrence, from, to)].length
        assert.equal(countFiresOf(recurrence, from, to), listed)
      }),
      { numRuns: 60 },
    )
  })
  test('of an interval begins at its anchor', () => {
    const hourly: Recurrence = { kind: 'every', everyMs: 3_600_000, anchorAt: noon, ...unbounded }
    assert.equal(nextFireOf(hourly, at('2020-01-01T00:00:00Z')), noon)
    assert.equal(nextFireOf(hourly, noon), at('2026-11-24T13:00:00Z'))
  })
})

test('a stored cron is read once, as often as it is asked for, and however many there are', () => {
  const stored = (cronExpression: string) =>
    recurrenceOf({
      ...{ cronExpression, timeZone: 'UTC', dstGap: 'skip', dstOverlap: 'both' },
      ...{ everyMs: null, anchorAt: null, ...unbounded },
    })
  const cronOf = (recurrence: Recurrence) => recurrence.kind === 'cron' && recurrence.cron
  const nightly = cronOf(stored('0 0 3 * * *'))
  assert.equal(cronOf(stored('0 0 3 * * *')), nightly)
  for (let n = 0; n < 5_000; n++) stored(`${n % 60} ${Math.floor(n / 60) % 60} ${n % 24} * * *`)
  assert.deepEqual(cronOf(stored('0 0 3 * * *')), nightly)
})

test('nothing fires after the year 9999, by cron or by interval', () => {
  const last = at('9999-12-31T23:59:58.000Z')
  const everySecond = byCron('* * * * * *')
  assert.equal(nextFireOf(everySecond, last), last + 1_000)
  assert.equal(nextFireOf(everySecond, instant(last + 1_000)), null)
  const daily: Recurrence = { kind: 'every', everyMs: 86_400_000, anchorAt: last, ...unbounded }
  assert.equal(nextFireOf(daily, last), null)
})

describe('the spread of a job', () => {
  test('is the same each time, and below its bound', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 1, max: 86_400_000 }), (id, spreadMs) => {
        const offset = spreadOffsetMs(id, spreadMs)
        assert.equal(offset, spreadOffsetMs(id, spreadMs))
        assert.ok(Number.isInteger(offset) && offset >= 0 && offset < spreadMs)
      }),
    )
  })
  test('differs between jobs', () => {
    const offsets = Array.from({ length: 1_000 }, (_, id) => spreadOffsetMs(`job_${id}`, 600_000))
    assert.ok(new Set(offsets).size > 900)
  })
  test('is nothing where none is asked for', () => {
    assert.equal(spreadOffsetMs('job_1', 0), 0)
  })
})
