import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

test('a duration is a number and its unit', () => {
  assert.equal(parseDuration('300ms'), 300)
  assert.equal(parseDuration('30s'), 30_000)
  assert.equal(parseDuration('15m'), 900_000)
  assert.equal(parseDuration('24h'), 86_400_000)
  assert.equal(parseDuration('7d'), 7 * 86_400_000)
  assert.equal(parseDuration('2w'), 14 * 86_400_000)
})

test('what is no duration, or none at all, is refused', () => {
  for (const text of ['', '30', 's', '-1s', '1.5h', '0s', '30 s', '1y', '30S', '1e3s'])
    assert.equal(parseDuration(text), null, text)
})
