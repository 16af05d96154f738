import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  aCron,
  anInstant,
  anyCron,
  anyDst,
  anyInstant,
  anyZone,
  aZone,
} from '../../test/arbitrary.ts'
import { formatInstant, instant } from '../instant.ts'
import { fireTimes, nextFire } from './next-fire.ts'

test('the next fire lies after the instant asked about, on a whole second', () => {
  fc.assert(
    fc.property(anyCron, anyZone, anyInstant, anyDst, (cron, zone, after, dst) => {
      const at = nextFire(cron, zone, after, dst)
      if (at === null) return
      assert.ok(at > after)
      assert.equal(at % 1_000, 0)
    }),
  )
})

test('a fire time is the next one after the millisecond before it', () => {
  fc.assert(
    fc.property(anyCron, anyZone, anyInstant, anyDst, (cron, zone, after, dst) => {
      const at = nextFire(cron, zone, after, dst)
      if (at !== null) assert.equal(nextFire(cron, zone, instant(at - 1), dst), at)
    }),
  )
})

test('no fire time lies between an instant and its next one', () => {
  fc.assert(
    fc.property(
      anyCron,
      anyZone,
      anyInstant,
      anyDst,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (cron, zone, after, dst, part) => {
        const at = nextFire(cron, zone, after, dst)
        if (at === null) return
        const between = instant(after + Math.floor((at - 1 - after) * part))
        assert.equal(nextFire(cron, zone, between, dst), at)
      },
    ),
  )
})

test('a window has each fire time from its first instant up to its end, and not the end', () => {
  const hours = [
    ...fireTimes(
      aCron('0 0 * * * *'),
      utc,
      anInstant('2026-01-01T00:00Z'),
      anInstant('2026-01-01T03:00Z'),
    ),
  ]
  assert.deepEqual(hours.map(formatInstant), [
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T01:00:00.000Z',
    '2026-01-01T02:00:00.000Z',
  ])
})

test('29 February comes every fourth year but for most full centuries', () => {
  const fires = fireTimes(
    aCron('0 0 0 29 2 *'),
    utc,
    anInstant('2090-01-01T00:00Z'),
    anInstant('2110-01-01T00:00Z'),
  )
  assert.deepEqual([...fires].map(formatInstant), [
    '2092-02-29T00:00:00.000Z',
    '2096-02-29T00:00:00.000Z',
    '2104-02-29T00:00:00.000Z',
    '2108-02-29T00:00:00.000Z',
  ])
})

test('a date that no calendar has never fires', () => {
  for (const text of ['0 0 0 30 2 *', '0 0 0 31 4,6,9,11 *', '0 0 0 * * MON#6', '0 0 0 L-31 * *'])
    assert.equal(
      nextFire(aCron(text), aZone('Europe/Berlin'), anInstant('2026-01-01T00:00Z')),
      null,
    )
})

test('a time that the clock skips each time it would come never fires', () => {
  const berlin = aZone('Europe/Berlin')
  const skipped = aCron('0 30 2 29 3 SUN') // summer time begins on the last Sunday of March
  assert.equal(nextFire(skipped, berlin, anInstant('2026-01-01T00:00Z')), null)
})

test('the last instant that a date can hold has no next fire', () => {
  assert.equal(nextFire(aCron('* * * * * *'), utc, instant(8.64e15)), null)
})

const utc = aZone('UTC')
