import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCommitter } from './committer.ts'
import { partitionOffsets } from './offsets.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

test('a reading that has ended commits no more, though a commit of its own fails only then', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const hanging = Promise.withResolvers<void>()
  let asked = 0
  const consumer = {
    isActive: () => true,
    commit: () => {
      asked++
      return hanging.promise
    },
  }
  const offsets = partitionOffsets()
  offsets.take(0)
  offsets.settle(0)
  const committer = openCommitter(consumer as never, 'events', new Map([[0, offsets]]), log)
  committer.settled()
  t.mock.timers.tick(1_000)
  assert.equal(asked, 1)
  const disposed = committer[Symbol.asyncDispose]()
  t.mock.timers.tick(10_000) // the last commit is not waited for any longer
  await disposed
  hanging.reject(new Error('the broker is away'))
  await new Promise(setImmediate)
  t.mock.timers.tick(60_000)
  await new Promise(setImmediate)
  // The last commit that was waiting behind it is one; nobody asks after that.
  const last = asked
  t.mock.timers.tick(60_000)
  await new Promise(setImmediate)
  assert.equal(asked, last)
})
