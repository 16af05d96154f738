import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capacity } from '@cronos/store'
import { dispatchWindow } from './window.ts'

const LIMIT = 1_000
const noFairness = { observe() {}, isCapping: false }

/** A window over what the database would answer, asked each `ms` milliseconds. */
function aWindow(answers: readonly Capacity[], ms: number) {
  let counts = 0
  let now = 0
  const read = () => Promise.resolve(answers[Math.min(counts++, answers.length - 1)]!)
  const window = dispatchWindow(read, () => now, LIMIT, noFairness)
  return {
    async room() {
      now += ms
      await window.refresh()
      return window.room()
    },
    use: window.use,
    restMs: () => window.restMs,
  }
}

const idle: Capacity = {
  ...{ executors: 1, slots: 10, startsPerSecond: 0, elsewhere: 0 },
  ...{ dispatched: 0, running: 0, inFlight: {} },
}
const full: Capacity = { ...idle, running: 10 }

test('all free slots get work at once, and what they begin at once is not taken for their speed', async () => {
  const window = aWindow([idle, full], 20)
  assert.equal(await window.room(), 10)
  window.use(10)
  assert.equal(await window.room(), 8) // one small batch, so that a slot that becomes free finds work
})

test('what is done at once doubles what may be on its way, and what only begins does not', async () => {
  const window = aWindow([idle, idle, idle, full, { ...full, running: 8 }], 5)
  const dispatch = async () => {
    const room = await window.room()
    window.use(room)
    return room
  }
  assert.equal(await dispatch(), 10)
  assert.equal(await dispatch(), 20)
  assert.equal(await dispatch(), 40)
  assert.equal(await dispatch(), 60) // 30 of 40 have ended
  assert.equal(await dispatch(), 124) // 62 of 70 have
})

test('the first claim of a burst is small, and those after it are not', () => {
  const window = dispatchWindow(
    () => Promise.resolve(idle),
    () => 0,
    LIMIT,
    noFairness,
  )
  const small = window.batch
  window.use(small)
  assert.equal(window.batch, Number.POSITIVE_INFINITY)
  window.use(small - 1)
  assert.equal(window.batch, small)
})

test('tasks that take long and end together are not taken for quick ones', async () => {
  const window = aWindow([idle, full, full, full, idle], 300)
  assert.equal(await window.room(), 10)
  window.use(10)
  for (let count = 0; count < 3; count++) await window.room()
  assert.equal(await window.room(), 10)
})

test('nothing waits for a slot here that others could take, which this bus does not reach', async () => {
  const window = aWindow([{ ...full, elsewhere: 1 }], 20)
  assert.equal(await window.room(), 0)
})

test('nothing is dispatched while no executor is there', async () => {
  const window = aWindow([{ ...idle, executors: 0, slots: 0 }], 5)
  assert.equal(await window.room(), 0)
})

test('a scheduler that finds no place looks again about as often as executors begin runs', async () => {
  const taken = { ...full, dispatched: 8 } // by the other scheduler
  const rests = async (startsPerSecond: number) => {
    const window = aWindow([{ ...taken, startsPerSecond }], 1_000)
    for (let count = 0; count < 20; count++) await window.room()
    return window.restMs()
  }
  assert.equal(await rests(20), 50)
  assert.equal(await rests(0), 250)
  assert.equal(await rests(1_000), 5)
})
