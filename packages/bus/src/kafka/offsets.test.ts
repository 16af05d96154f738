import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { partitionOffsets } from './offsets.ts'

test('a partition is committed up to the first event that is not settled, in whatever order', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 50 })
  const cases = gaps.chain(each => {
    let offset = 0
    const offsets = each.map(gap => {
      offset += gap
      return offset
    })
    return fc.tuple(fc.constant(offsets), fc.shuffledSubarray(offsets))
  })
  fc.assert(
    fc.property(cases, ([taken, settled]) => {
      const partition = partitionOffsets()
      for (const offset of taken) assert.ok(partition.take(offset))
      for (const offset of settled) partition.settle(offset)
      const open = taken.filter(offset => !settled.includes(offset))
      assert.equal(partition.position, open[0] ?? taken.at(-1)! + 1)
    }),
  )
})

test('nothing is committed of a partition from which nothing was taken', () => {
  assert.equal(partitionOffsets().position, null)
})

test('a reader that goes back finds its events known, and they stay unsettled', () => {
  const partition = partitionOffsets()
  for (const offset of [5, 6, 7]) partition.take(offset)
  partition.settle(6)
  for (const offset of [5, 6, 7]) assert.equal(partition.take(offset), false)
  assert.equal(partition.position, 5)
  partition.settle(5)
  assert.equal(partition.position, 7)
  assert.ok(partition.take(8))
})

test('settling twice, or what was never taken, changes nothing', () => {
  const partition = partitionOffsets()
  partition.take(1)
  partition.settle(9)
  assert.equal(partition.position, 1)
  partition.settle(1)
  partition.settle(1)
  assert.equal(partition.position, 2)
})
