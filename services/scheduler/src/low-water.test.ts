import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Instant, instant, later } from '@cronos/domain'
import type { Claimed } from '@cronos/store'
import { openLowWater } from './low-water.ts'

const NOW = instant(Date.UTC(2026, 10, 24))

function opened() {
  let nowMs = 0
  const water = openLowWater(() => nowMs)
  return { water, pass: (ms: number) => (nowMs += ms) }
}

/** Runs of a level that were due at these instants, claimed at `now`. */
const runs = (level: number, dueAt: readonly Instant[], now = NOW) =>
  dueAt.map(wakeAt => ({ level, wakeAt, now }) as Claimed)
const ago = (ms: number) => later(NOW, -ms)

describe('the mark before which nothing is left', () => {
  test('is not known at first, and not from a claim that took nothing at no known time', () => {
    const { water } = opened()
    assert.equal(water.mark, null)
    water.claimed([], 100)
    assert.equal(water.mark, null)
    water.tell(NOW)
    water.claimed([], 100)
    assert.equal(water.mark, ago(2_000))
  })
  test('stays behind a claim that took all, for what is still being committed', () => {
    const { water } = opened()
    water.claimed(runs(2, [ago(60_000), ago(1)]), 100)
    assert.equal(water.mark, ago(2_000))
  })
  test('moves on with time while nothing is due', () => {
    const { water, pass } = opened()
    water.claimed(runs(2, [ago(1)]), 100)
    pass(10_000)
    water.claimed([], 100)
    const moved = water.mark! - ago(2_000)
    assert.ok(moved > 9_900 && moved <= 10_000, 'never faster than any clock')
  })
  test('is where a full claim ended, in the level that is furthest behind', () => {
    const { water } = opened()
    const hour = 3_600_000
    const urgent = [ago(hour), ago(3_000)]
    const usual = Array.from({ length: 18 }, (_, n) => ago(hour - n))
    water.claimed([...runs(1, urgent), ...runs(2, usual)], 20)
    assert.equal(water.mark, usual.at(-1))
  })
  test('is not learned from a full claim so small that it may have left out a level', () => {
    const { water } = opened()
    water.claimed(runs(0, [ago(1), ago(1)]), 2)
    assert.equal(water.mark, null)
  })
  test('is not begun at while all claims are full and a sweep is due', () => {
    const { water, pass } = opened()
    water.claimed(runs(2, [ago(1)]), 100)
    water.swept(1)
    const full = runs(2, Array<Instant>(20).fill(ago(1)))
    water.claimed(full, 20)
    assert.equal(water.from, water.mark)
    pass(1_000)
    assert.equal(water.from, null)
    water.claimed(full, 21)
    assert.equal(water.from, water.mark)
  })
  test('never goes back, but is forgotten with its database', () => {
    const { water } = opened()
    water.claimed(runs(2, [ago(1)]), 100)
    water.claimed(runs(2, [ago(9_000)], ago(8_000)), 100)
    assert.equal(water.mark, ago(2_000))
    water.forget()
    assert.equal(water.mark, null)
  })
  test('is looked before once a second, or a tenth of the time', () => {
    const { water, pass } = opened()
    assert.equal(water.sweepInMs, 0)
    water.swept(5)
    assert.equal(water.sweepInMs, 1_000)
    pass(1_000)
    assert.equal(water.sweepInMs, 0)
    water.swept(500)
    assert.equal(water.sweepInMs, 5_000)
  })
})
