import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSequences } from './sequences.ts'

const producer = { producerId: 7n, producerEpoch: 0 }
const setOf = (count: number) => ({ count, bytes: Buffer.alloc(0), times: null })

test('the sets of a partition are numbered one behind the other, and partitions apart', () => {
  const sequences = openSequences()
  const numbers = (count: number, partition: string) =>
    sequences.numbersOf(setOf(count), partition, producer).sequence
  assert.equal(numbers(3, 'a:0'), 0)
  assert.equal(numbers(2, 'a:1'), 0)
  assert.equal(numbers(4, 'a:0'), 3)
  assert.equal(numbers(1, 'a:0'), 7)
})

test('a set that is sent again keeps its numbers, so that it is stored once', () => {
  const sequences = openSequences()
  const [first, second] = [setOf(3), setOf(2)]
  const before = sequences.numbersOf(first, 'a:0', producer)
  sequences.numbersOf(second, 'a:0', producer)
  assert.deepEqual(sequences.numbersOf(first, 'a:0', producer), before)
  assert.equal(sequences.numbersOf(setOf(1), 'a:0', producer).sequence, 5)
})

test('for a producer that the broker does not know yet the numbers begin anew', () => {
  const sequences = openSequences()
  const set = setOf(3)
  sequences.numbersOf(set, 'a:0', producer)
  const later = { producerId: 8n, producerEpoch: 1 }
  assert.deepEqual(sequences.numbersOf(set, 'a:0', later), { ...later, sequence: 0 })
})

test('behind the largest number comes 0', () => {
  const sequences = openSequences()
  sequences.numbersOf(setOf(0x7fff_fffe), 'a:0', producer)
  assert.equal(sequences.numbersOf(setOf(3), 'a:0', producer).sequence, 0x7fff_fffe)
  assert.equal(sequences.numbersOf(setOf(3), 'a:0', producer).sequence, 1)
})

test('a producer without a number numbers nothing', () => {
  const nobody = { producerId: -1n, producerEpoch: -1 }
  assert.equal(openSequences().numbersOf(setOf(3), 'a:0', nobody).sequence, -1)
})
