import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSends } from './sends.ts'

test('a scheduler goes on while the bus takes what it sends, but not without bound', async () => {
  const sends = openSends(2)
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  await sends.begin(() => first.promise)
  let hasRoom = false
  const begun = sends.begin(() => second.promise).then(() => (hasRoom = true))
  await new Promise(setImmediate)
  assert.equal(hasRoom, false)
  first.resolve()
  await begun
  second.resolve()
  await sends[Symbol.asyncDispose]()
})

test('a send that failed is told once, and the next one is begun all the same', async () => {
  const sends = openSends(2)
  const sent: number[] = []
  const reason = new Error('the database is away')
  await sends.begin(() => Promise.reject(reason))
  await new Promise(setImmediate)
  await assert.rejects(
    sends.begin(async () => void sent.push(1)),
    reason,
  )
  await sends.begin(async () => void sent.push(2))
  assert.deepEqual(sent, [1, 2])
})

test('stopping waits for what is under way', async () => {
  const sends = openSends(4)
  const send = Promise.withResolvers<void>()
  await sends.begin(() => send.promise)
  let stopped = false
  const stop = sends[Symbol.asyncDispose]().then(() => (stopped = true))
  await new Promise(setImmediate)
  assert.equal(stopped, false)
  send.resolve()
  await stop
})
