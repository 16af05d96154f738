import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryAfterMs } from './retry-after.ts'

const date = 'Mon, 23 Nov 2026 20:44:00 GMT'

test('a number of seconds is waited for', () => {
  assert.equal(retryAfterMs({ 'retry-after': '120' }), 120_000)
  assert.equal(retryAfterMs({ 'retry-after': '0' }), 0)
})

test('a date is measured by the clock of the server that sent it', () => {
  const later = { date, 'retry-after': 'Mon, 23 Nov 2026 20:44:30 GMT' }
  assert.equal(retryAfterMs(later), 30_000)
  const past = { date, 'retry-after': 'Mon, 23 Nov 2026 20:43:00 GMT' }
  assert.equal(retryAfterMs(past), 0)
})

test('nobody is waited for longer than an hour', () => {
  assert.equal(retryAfterMs({ 'retry-after': '99999999999' }), 3_600_000)
  assert.equal(retryAfterMs({ date, 'retry-after': 'Mon, 23 Nov 2099 20:44:00 GMT' }), 3_600_000)
})

test('what does not say how long is no wait', () => {
  for (const headers of [
    {},
    { 'retry-after': 'soon' },
    { 'retry-after': date },
    { 'retry-after': '-5' },
  ])
    assert.equal(retryAfterMs(headers), null)
})
