import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatExactInstant, formatInstant, instant, parseInstant } from './index.ts'

const writable = fc
  .integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })
  .map(instant)

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(writable, at => {
      assert.deepEqual(parseInstant(formatInstant(at)), { at, microseconds: 0 })
    }),
  )
})

test('an offset is turned into UTC', () => {
  const found = parseInstant('2026-11-23T22:44:00+02:00')
  assert.equal(formatInstant(found!.at), '2026-11-23T20:44:00.000Z')
})

test('a fraction keeps its microseconds and rounds what is finer up, so that nothing begins early', () => {
  const written = (text: string) => formatExactInstant(parseInstant(text)!)
  assert.equal(written('2025-12-28T08:26:00.197181Z'), '2025-12-28T08:26:00.197181Z')
  assert.equal(written('2025-12-28T08:26:00.1971811Z'), '2025-12-28T08:26:00.197182Z')
  assert.equal(written('2025-12-28T08:26:59.9999999Z'), '2025-12-28T08:27:00.000000Z')
})

test('what is no instant with a zone is refused', () => {
  const refused = [
    '',
    'tomorrow',
    '2026-11-23',
    '2026-11-23T20:44:00',
    '2026-11-31T20:44:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T20:60:00Z',
    '2026-11-23T20:44:61Z',
    '2026-11-23T20:44:00+19:00',
    '2026-11-23T20:44:00.Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    ' 2026-11-23T20:44:00Z',
    '+12026-11-23T20:44:00Z',
  ]
  assert.deepEqual(
    refused.filter(text => parseInstant(text) !== null),
    [],
  )
})
