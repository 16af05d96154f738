import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openQueue } from './queue.ts'

const refuse = () => new Error('full')

test('no more is worked on at once than the width, and all of it in the end', async () => {
  const queue = openQueue(2, 100, refuse)
  let now = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
  }
  await Promise.all(Array.from({ length: 20 }, () => queue.run(work)))
  assert.deepEqual([most, now], [2, 0])
})

test('what finds the queue full is refused at once, and later there is room again', async () => {
  const queue = openQueue(1, 1, refuse)
  const gate = Promise.withResolvers<void>()
  const first = queue.run(() => gate.promise)
  const second = queue.run(async () => 'second')
  await assert.rejects(
    queue.run(async () => {}),
    /full/,
  )
  gate.resolve()
  await first
  assert.equal(await second, 'second')
  assert.equal(await queue.run(async () => 'third'), 'third')
})

test('work that fails frees its place', async () => {
  const queue = openQueue(1, 0, refuse)
  await assert.rejects(
    queue.run(() => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await queue.run(async () => 'next'), 'next')
})
