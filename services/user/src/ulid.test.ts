import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newUserId } from './ulid.ts'

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 })

test('an id has 26 characters that nobody mixes up', () => {
  fc.assert(
    fc.property(times, bytes, (now, random) => {
      assert.match(newUserId(now, random), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    }),
  )
})

test('ids sort by the time at which they were made', () => {
  fc.assert(
    fc.property(times, times, bytes, bytes, (one, other, random, another) => {
      fc.pre(one < other)
      assert.ok(newUserId(one, random) < newUserId(other, another))
    }),
  )
})

test("the specification's example has the time that it says", () => {
  assert.equal(newUserId(1_469_918_176_385, new Uint8Array(10)), '01ARYZ6S410000000000000000')
})
