import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPace } from './pace.ts'

/** A pace at which so many tasks end in each of so many milliseconds, starts taking 5 ms. */
function paceOf(perMs: number, overMs: number) {
  let now = 0
  const pace = openPace(() => now)
  pace.started(5)
  for (; now < overMs; now++) for (let n = 0; n < perMs; n++) pace.ended()
  return { pace, pass: (ms: number) => (now += ms) }
}

test('an executor starts ahead what its slots will be free for while it asks', () => {
  assert.equal(paceOf(10, 5).pace.ahead(), 100)
})

test('an executor whose tasks take long starts nothing ahead', () => {
  const { pace, pass } = paceOf(0, 1_000)
  pace.ended()
  pass(1)
  assert.equal(pace.ahead(), 0)
})

test('tasks that used to be quick and no longer are stop being started ahead', () => {
  const { pace, pass } = paceOf(10, 5)
  assert.ok(pace.ahead() > 0)
  pass(5)
  assert.equal(pace.ahead(), 0)
})

test('no executor starts more than some hundred runs ahead, however quick they are', () => {
  assert.equal(paceOf(1_000, 10).pace.ahead(), 450)
})
