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
import { instant } from '../instant.ts'
import { countFires } from './count.ts'
import { fireTimes } from './next-fire.ts'

const HOUR_MS = 3_600_000

test('counting the fires of a window is the same as listing them', () => {
  const anyLength = fc.integer({ min: 0, max: 3 * HOUR_MS })
  fc.assert(
    fc.property(anyCron, anyZone, anyInstant, anyLength, anyDst, (cron, zone, from, ms, dst) => {
      const to = instant(from + ms)
      const listed = [...fireTimes(cron, zone, from, to, dst)].length
      assert.equal(countFires(cron, zone, from, to, dst), listed)
    }),
  )
})

test('counting is the same as listing across changes of the clock, whatever the policy', () => {
  const changes = [
    ['Europe/Berlin', '2026-03-29T01:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    ['America/Havana', '2026-11-01T05:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00Z'],
  ] as const
  const anyOffset = fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS })
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      fc.constantFrom('0 30 * * * *', '0 */7 0-3 * * *', '5 1-59/9 * * * *', '0 0 2,3 * * *'),
      fc.tuple(anyOffset, anyOffset),
      anyDst,
      ([id, change], text, offsets, dst) => {
        const [from, to] = offsets.map(ms => anInstant(change) + ms).sort((a, b) => a - b)
        const [cron, zone] = [aCron(text), aZone(id)]
        const listed = [...fireTimes(cron, zone, instant(from!), instant(to!), dst)]
        assert.equal(countFires(cron, zone, from!, to!, dst), listed.length)
      },
    ),
  )
})

test('a century of seconds is counted without being listed', () => {
  const [from, to] = [Date.UTC(2000, 0, 1), Date.UTC(2100, 0, 1)]
  assert.equal(countFires(aCron('* * * * * *'), aZone('Asia/Tokyo'), from, to), (to - from) / 1_000)
})
