import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { type LoopOptions, startLoop, type Turn } from './loop.ts'

const FOREVER_MS = 3_600_000

function options(turn: Turn, isTransient: LoopOptions['isTransient'] = () => true): LoopOptions {
  const log = pino({ level: 'silent' })
  return { name: 'test', log, isTransient, baseRestMs: 1, maxRestMs: 5, turn }
}

test('a loop that rests is woken by news', async () => {
  const second = Promise.withResolvers<void>()
  let turns = 0
  await using loop = startLoop(
    options(() => {
      if (++turns === 2) second.resolve()
      return Promise.resolve(FOREVER_MS)
    }),
  )
  await new Promise(resolve => setImmediate(resolve))
  loop.wake()
  await second.promise
  assert.equal(turns, 2)
})

test('news that comes during a turn is not slept over', async () => {
  const second = Promise.withResolvers<void>()
  let turns = 0
  await using loop = startLoop(
    options(async () => {
      turns++
      await new Promise(resolve => setImmediate(resolve))
      if (turns === 1) loop.wake()
      else second.resolve()
      return FOREVER_MS
    }),
  )
  await second.promise
  assert.equal(turns, 2)
})

test('a turn that fails for a while is tried again', async () => {
  const recovered = Promise.withResolvers<void>()
  let turns = 0
  await using _loop = startLoop(
    options(() => {
      if (++turns < 4) return Promise.reject(new Error('away'))
      recovered.resolve()
      return Promise.resolve(FOREVER_MS)
    }),
  )
  await recovered.promise
  assert.equal(turns, 4)
})

test('a bug ends the loop and is told to its owner', async () => {
  await using loop = startLoop(
    options(
      () => Promise.reject(new TypeError('a bug')),
      () => false,
    ),
  )
  await assert.rejects(loop.done, /a bug/)
})

test('a loop that is disposed of makes no further turn', async () => {
  let turns = 0
  const loop = startLoop(options(() => Promise.resolve(++turns && FOREVER_MS)))
  await loop[Symbol.asyncDispose]()
  const before = turns
  loop.wake()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(turns, before)
  await loop.done
})
