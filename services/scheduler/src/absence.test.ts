import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchAbsence } from './absence.ts'

const GRACE_MS = 5_000

function anAbsence() {
  let now = 1_000
  const absence = watchAbsence(() => now, GRACE_MS)
  const pass = (ms: number) => {
    now += ms
  }
  return { absence, pass }
}

test('a scheduler that has just started declares nobody lost until executors could report', () => {
  const { absence, pass } = anAbsence()
  assert.deepEqual([absence.isOver(), absence.endsInMs()], [false, GRACE_MS])
  pass(GRACE_MS)
  assert.deepEqual([absence.isOver(), absence.endsInMs()], [true, 0])
})

test('a scheduler that was cut off begins to wait anew when it is back', () => {
  const { absence, pass } = anAbsence()
  pass(60_000)
  absence.wasAway()
  assert.equal(absence.isOver(), false)
  pass(GRACE_MS - 1)
  assert.equal(absence.isOver(), false)
  pass(1)
  assert.equal(absence.isOver(), true)
})

test('a scheduler that was paused for longer than it meant to rest was away', () => {
  const { absence, pass } = anAbsence()
  pass(60_000)
  absence.turnBegins()
  assert.equal(absence.turnEnds(300), 300)
  pass(300 + GRACE_MS + 1)
  absence.turnBegins()
  assert.equal(absence.isOver(), false)
})

test('a scheduler that rested as long as it meant to was not away', () => {
  const { absence, pass } = anAbsence()
  pass(60_000)
  absence.turnBegins()
  absence.turnEnds(30_000)
  pass(30_000)
  absence.turnBegins()
  assert.equal(absence.isOver(), true)
})
