import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allowance } from './allowance.ts'

test('a burst passes, then as much as time brings', () => {
  const { take } = allowance({ perSecond: 10, burst: 3 })
  assert.deepEqual(
    [0, 0, 0].map(now => take('alice', 1, now)),
    [0, 0, 0],
  )
  assert.equal(take('alice', 1, 0), 100)
  assert.equal(take('alice', 1, 60), 40)
  assert.equal(take('alice', 1, 100), 0)
  assert.equal(take('alice', 1, 100), 100)
})

test('one who takes too much does not take it from another', () => {
  const { take } = allowance({ perSecond: 1, burst: 1 })
  assert.equal(take('alice', 1, 0), 0)
  assert.equal(take('alice', 1, 0), 1_000)
  assert.equal(take('bob', 1, 0), 0)
})

test('a single take is never too large, but the next one waits for it', () => {
  const { take } = allowance({ perSecond: 100, burst: 10 })
  assert.equal(take('alice', 1_010, 0), 0)
  assert.equal(take('alice', 1, 0), 10_010)
  assert.equal(take('alice', 1, 10_010), 0)
})

test('nobody saves up more than a burst', () => {
  const { take } = allowance({ perSecond: 10, burst: 2 })
  take('alice', 1, 0)
  assert.deepEqual(
    [1e9, 1e9].map(now => take('alice', 1, now)),
    [0, 0],
  )
  assert.ok(take('alice', 1, 1e9) > 0)
})

test('over any time nobody gets more than a burst, what time brings, and one take more', () => {
  const takes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 50 }), ms: fc.nat(2_000) }))
  fc.assert(
    fc.property(takes, asked => {
      const { take } = allowance({ perSecond: 20, burst: 30 })
      let now = 0
      let taken = 0
      for (const { count, ms } of asked) {
        now += ms
        if (take('alice', count, now) === 0) taken += count
        assert.ok(taken <= 30 + (now / 1_000) * 20 + 50)
      }
    }),
  )
})

test('whoever comes back when told finds something left', () => {
  const some = { rate: fc.integer({ min: 1, max: 500 }), n: fc.integer({ min: 1, max: 1_000 }) }
  const now = fc.double({ min: 0, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(fc.record({ ...some, now }), ({ rate, n, now }) => {
      const { take } = allowance({ perSecond: rate, burst: 1 })
      take('alice', n, now)
      const waitMs = take('alice', 1, now)
      assert.equal(waitMs === 0 ? 0 : take('alice', 1, now + waitMs), 0)
    }),
    { numRuns: 1_000 },
  )
})

test('many who came once are forgotten, and those who owe are not', () => {
  const { take } = allowance({ perSecond: 1, burst: 1 })
  take('debtor', 1_000_000, 0)
  for (let n = 0; n < 30_000; n++) take(`once ${n}`, 1, n)
  assert.ok(take('debtor', 1, 30_000) > 0)
})
