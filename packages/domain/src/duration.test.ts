import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIsoDuration, parseIsoDuration } from './duration.ts'

test('a duration that was written reads as the same number of milliseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), ms => {
      assert.equal(parseIsoDuration(formatIsoDuration(ms)), ms)
    }),
  )
})

test('durations are read as ISO-8601 writes them', () => {
  const durations = { PT5M: 300_000, P1D: 86_400_000, P1DT2H: 93_600_000, P2W: 1_209_600_000 }
  for (const [text, ms] of Object.entries({ ...durations, 'PT0.5S': 500, pt90s: 90_000, PT0S: 0 }))
    assert.equal(parseIsoDuration(text), ms, text)
  for (const text of ['', 'P', 'PT', 'P1DT', '5m', 'P1Y', 'P1M', '-PT5M', 'PT5', 'PT1.5M', 'PT 5M'])
    assert.equal(parseIsoDuration(text), null, text)
})

test('durations are written in the largest units of a fixed length', () => {
  assert.equal(formatIsoDuration(5_400_000), 'PT1H30M')
  assert.equal(formatIsoDuration(86_400_500), 'P1DT0.5S')
  assert.equal(formatIsoDuration(1_209_600_000), 'P14D')
})
