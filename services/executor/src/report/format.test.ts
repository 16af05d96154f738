import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { niceStep } from './chart.ts'
import { formatDuration, formatShare, formatTick } from './format.ts'

test('durations read as people say them', () => {
  const read: [number | null, string][] = [
    [null, '–'],
    [0, '0 ms'],
    [8.44, '8.4 ms'],
    [999.4, '999 ms'],
    [999.9, '1.0 s'],
    [59_949, '59.9 s'],
    [59_990, '1 min 0 s'],
    [250_000, '4 min 10 s'],
    [7_500_000, '2 h 5 min'],
  ]
  for (const [ms, text] of read) assert.equal(formatDuration(ms), text)
})

test('a share is 100 % only when nothing is missing', () => {
  assert.equal(formatShare(3, 3), '100 %')
  assert.equal(formatShare(999_999, 1_000_000), '99.9 %')
  assert.equal(formatShare(0, 5), '0.0 %')
  assert.equal(formatShare(0, 0), '–')
})

test('a time axis shows hours on a day, and days on a month', () => {
  const at = new Date('2026-11-23T20:44:00Z')
  const day = 86_400_000
  assert.equal(formatTick(at, day), '20:44')
  assert.equal(formatTick(at, 7 * day), '11-23 20:44')
  assert.equal(formatTick(at, 30 * day), '2026-11-23')
})

test('an axis has at most five steps, each a round number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), highest => {
      const step = niceStep(highest)
      assert.ok(Math.ceil(highest / step) <= 5)
      assert.match(String(step), /^[125]0*$/)
    }),
  )
})
