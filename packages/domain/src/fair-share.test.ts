import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fairShare } from './index.ts'

const anyLoad = fc
  .record({
    total: fc.integer({ min: 1, max: 1_000 }),
    reserved: fc.double({ min: 0, max: 0.5, noNaN: true }),
    owners: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 20 }),
  })
  .map(({ total, reserved, owners }) => ({
    total,
    reserve: Math.floor(total * reserved),
    inFlight: new Map(owners.map((count, index) => [`owner ${index}`, count])),
    limit: Number.POSITIVE_INFINITY,
  }))

const load = (counts: readonly number[], given = {}) => ({
  total: 100,
  reserve: 10,
  inFlight: new Map(counts.map((count, index) => [`owner ${index}`, count])),
  limit: Number.POSITIVE_INFINITY,
  ...given,
})

describe('the share of an owner', () => {
  test('is all but the reserve for one who is alone', () => {
    assert.equal(fairShare(load([90])), 90)
    assert.equal(fairShare(load([])), 90)
  })
  test('is the same part for all who want much', () => {
    assert.equal(fairShare(load([90, 90, 90])), 30)
  })
  test('leaves to the others what the modest do not want', () => {
    assert.equal(fairShare(load([10, 90])), 80)
    assert.equal(fairShare(load([10, 20, 90, 90])), 30)
  })
  test('is one run at least, so that everybody moves', () => {
    assert.equal(fairShare(load(Array(500).fill(7))), 1)
    assert.equal(fairShare(load([5], { total: 1, reserve: 1 })), 1)
  })
  test('is never above the limit of an owner', () => {
    assert.equal(fairShare(load([90], { limit: 4 })), 4)
  })
  test('never gives away more than there is, but for the one run that each may have', () => {
    fc.assert(
      fc.property(anyLoad, given => {
        const share = fairShare(given)
        const taken = [...given.inFlight.values()].map(wanted => Math.min(wanted, share))
        const sum = taken.reduce((all, count) => all + count, 0)
        assert.ok(sum <= Math.max(given.total - given.reserve, given.inFlight.size, 1))
      }),
    )
  })
})
