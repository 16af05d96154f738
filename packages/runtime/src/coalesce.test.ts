import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalesce } from './coalesce.ts'

test('what is added while a batch is worked on makes the next one', async () => {
  const batches: number[][] = []
  const gate = Promise.withResolvers<void>()
  const coalescer = coalesce<number, number>(async items => {
    batches.push([...items])
    if (batches.length === 1) await gate.promise
    return items.map(item => item * 10)
  }, 100)
  const first = coalescer.add(1)
  await new Promise(resolve => setImmediate(resolve))
  const rest = [coalescer.add(2), coalescer.add(3)]
  assert.equal(coalescer.size, 3)
  gate.resolve()
  assert.deepEqual(await Promise.all([first, ...rest]), [10, 20, 30])
  assert.deepEqual(batches, [[1], [2, 3]])
})

test('no batch is larger than the limit', async () => {
  const sizes: number[] = []
  const coalescer = coalesce<number, number>(items => {
    sizes.push(items.length)
    return Promise.resolve(items)
  }, 2)
  await Promise.all([1, 2, 3, 4, 5].map(item => coalescer.add(item)))
  assert.deepEqual(sizes, [2, 2, 1])
})

test('a batch that fails rejects its own items alone', async () => {
  let calls = 0
  const coalescer = coalesce<string, string>(items => {
    calls++
    return calls === 1 ? Promise.reject(new Error('away')) : Promise.resolve(items)
  }, 100)
  await assert.rejects(coalescer.add('first'), /away/)
  assert.equal(await coalescer.add('second'), 'second')
})

test('disposing waits for what was added', async () => {
  const done: number[] = []
  {
    await using coalescer = coalesce<number, void>(async items => {
      await new Promise(resolve => setImmediate(resolve))
      done.push(...items)
      return items.map(() => undefined)
    }, 1)
    void coalescer.add(1)
    void coalescer.add(2)
  }
  assert.deepEqual(done, [1, 2])
})

test('an item that breaks its batch does not take the others with it', async () => {
  const coalescer = coalesce<number, number>(
    items => (items.includes(13) ? Promise.reject(new Error('unlucky')) : Promise.resolve(items)),
    100,
    () => true,
  )
  const answers = await Promise.allSettled([1, 13, 3].map(item => coalescer.add(item)))
  assert.deepEqual(
    answers.map(answer => answer.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})
