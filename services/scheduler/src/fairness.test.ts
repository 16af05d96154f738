import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { instant } from '@cronos/domain'
import type { Capacity, Claimed } from '@cronos/store'
import { holdsBack, openFairness } from './fairness.ts'

const NOW = instant(Date.UTC(2026, 10, 24))

function opened({ limit = Number.POSITIVE_INFINITY, several = true } = {}) {
  let nowMs = 0
  const fairness = openFairness(
    () => nowMs,
    limit,
    () => several,
  )
  const claim = (given: { limit?: number; tookMs?: number } = {}) => ({
    ...{ shares: fairness.shares()!, limit: 100, tookMs: 1, at: NOW },
    ...given,
  })
  return { fairness, claim, pass: (ms: number) => (nowMs += ms) }
}

const capacity = (inFlight: Record<string, number>, slots = 20): Capacity => ({
  ...{ executors: 1, slots, startsPerSecond: 0, elsewhere: 0, dispatched: 0, inFlight },
  running: Object.values(inFlight).reduce((sum, runs) => sum + runs, 0),
})
const runsOf = (owner: string, count: number) =>
  Array.from({ length: count }, () => ({ owner, was: 'PENDING' }) as Claimed)

describe('fairness', () => {
  test('costs an owner who is alone nothing', () => {
    const { fairness } = opened({ several: false })
    fairness.observe(capacity({ alice: 20 }), 100, 100)
    assert.equal(fairness.shares(), null)
    assert.equal(fairness.isCapping, false)
  })
  test('keeps a tenth of the slots free of whoever has much', () => {
    const { fairness } = opened()
    fairness.observe(capacity({ mallory: 5 }), 100, 100)
    assert.deepEqual([...fairness.shares()!.left], [['mallory', 13]])
    assert.equal(fairness.shares()!.each, 18)
  })
  test('passes over who has his share, and comes back to him when he has less', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({}), 100, 100)
    fairness.claimed(runsOf('mallory', 18), claim())
    assert.ok(fairness.isCapping)
    assert.deepEqual([...fairness.shares()!.left], [['mallory', 0]])
    fairness.observe(capacity({ mallory: 17 }), 100, 100)
    assert.equal(fairness.isCapping, false)
  })
  test('lets an owner have more on its way the faster his work is done', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({}), 1_000, 100)
    fairness.claimed(runsOf('alice', 18), claim())
    fairness.observe(capacity({}), 1_000, 10)
    fairness.claimed(runsOf('alice', 18), claim())
    assert.ok(fairness.shares()!.left.get('alice')! > 200)
  })
  test('remembers for a while up to where all is of those who have their share', () => {
    const { fairness, claim, pass } = opened()
    fairness.observe(capacity({ mallory: 18 }), 100, 100)
    assert.equal(fairness.shares()!.from, null)
    fairness.claimed([], claim())
    assert.equal(fairness.shares()!.from, NOW - 2_000)
    pass(999)
    assert.equal(fairness.shares()!.from, NOW - 2_000)
    pass(1)
    assert.equal(fairness.shares()!.from, null, 'what came late is found')
  })
  test('forgets it when one of them may have more again', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({ mallory: 9, mike: 9 }), 100, 100)
    fairness.claimed([], claim())
    fairness.observe(capacity({ mallory: 9, mike: 3 }), 100, 100)
    assert.equal(fairness.shares()!.from, null)
  })
  test('forgets nothing it never knew: a full claim may have left others behind', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({ mallory: 18 }), 100, 100)
    fairness.claimed(runsOf('alice', 5), claim({ limit: 5 }))
    assert.equal(fairness.shares()!.from, null)
  })
  test('spends a tenth of the time on looking behind a backlog', () => {
    const { fairness, claim, pass } = opened()
    fairness.observe(capacity({ mallory: 18 }), 100, 100)
    fairness.claimed([], claim({ tookMs: 20 }))
    assert.equal(fairness.restMs, 180)
    pass(180)
    assert.equal(fairness.restMs, 0)
  })
  test('looks behind a backlog now and then, though its owner never has his whole share', () => {
    const { fairness, claim, pass } = opened()
    const passesOver = () => fairness.shares()!.left.get('mallory') === 0
    fairness.observe(capacity({ mallory: 11 }), 100, 100)
    fairness.claimed(runsOf('mallory', 7), claim()) // all that he may get, of a hundred asked for
    fairness.observe(capacity({ mallory: 11 }), 100, 100) // and as much has ended meanwhile
    assert.equal(fairness.isCapping, false)
    assert.ok(passesOver())
    fairness.claimed(runsOf('alice', 3), claim({ tookMs: 20 }))
    assert.equal(passesOver(), false, 'it is his turn again')
    pass(249)
    assert.equal(passesOver(), false)
    pass(1)
    assert.ok(passesOver())
  })
  test('looks behind one backlog after the other, and behind all of them then', () => {
    const { fairness, claim, pass } = opened()
    const passedOver = () => [...fairness.shares()!.left].filter(each => each[1] === 0)
    const take = (owner: string, runs: number) => {
      fairness.claimed(runsOf(owner, runs), claim({ tookMs: 2, limit: 7 }))
      fairness.observe(capacity({ mallory: 2, mike: 2 }), 100, 100)
      pass(20)
    }
    fairness.observe(capacity({ mallory: 2, mike: 2 }), 100, 100)
    take('mallory', 7)
    take('mike', 7) // what stands behind Mallory's
    assert.deepEqual(passedOver(), [
      ['mallory', 0],
      ['mike', 0],
    ])
    take('alice', 3)
    assert.deepEqual(passedOver(), [])
    take('mallory', 7)
    pass(250)
    assert.equal(passedOver().length, 2, 'both are known still')
    pass(5_000)
    assert.deepEqual(passedOver(), [], 'and forgotten when they stand in the way no more')
  })
  test('looks behind whoever fills a claim, where claiming is what takes time', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({}), 100, 100)
    fairness.claimed(runsOf('mallory', 5), claim({ limit: 5 }))
    fairness.observe(capacity({ mallory: 5 }), 100, 100)
    assert.deepEqual([...fairness.shares()!.left], [['mallory', 0]])
  })
  test('looks behind nobody who left some of what he may get', () => {
    const { fairness, claim } = opened()
    fairness.observe(capacity({ mallory: 5 }), 100, 100)
    fairness.claimed(runsOf('mallory', 2), claim())
    fairness.observe(capacity({ mallory: 7 }), 100, 100)
    assert.ok(fairness.shares()!.left.get('mallory')! > 0)
  })
  test('never lets an owner have more under way than his limit', () => {
    const { fairness, claim } = opened({ limit: 3, several: false })
    fairness.observe(capacity({}), 100, 100)
    assert.equal(fairness.shares()!.each, 3)
    fairness.claimed(runsOf('alice', 3), claim())
    assert.equal(fairness.isCapping, true)
  })
  test('holds back the runs of whoever has had his share, and of nobody else', () => {
    const shares = { each: 3, left: new Map([['alice', 5]]), from: null }
    assert.equal(holdsBack(shares, [...runsOf('alice', 4), ...runsOf('bob', 2)]), false)
    assert.equal(holdsBack(shares, runsOf('alice', 5)), true)
    assert.equal(holdsBack(shares, runsOf('bob', 3)), true)
    assert.equal(holdsBack({ ...shares, left: new Map([['alice', 0]]) }, []), true)
  })
})
