import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { batchOf, setOf, UNNUMBERED } from './record-set.ts'
import { bytesOf, NO_TIMESTAMP, type RecordParts, recordText } from './record-text.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map(data => Buffer.from(data).toString('latin1'))
const parts: fc.Arbitrary<RecordParts> = fc
  .tuple(
    fc.option(bytes),
    fc.option(bytes),
    fc.array(fc.tuple(bytes, fc.option(bytes)), { maxLength: 3 }),
  )
  .map(([key, value, headers]) => ({ key, value, headers }))

const messageOf = (given: RecordParts, timestamp: number | null = null) => ({
  ...{ topic: 't', slot: 0, content: recordText(given), timestamp },
})

test('what is written as a batch the client reads as it was', () => {
  const numbers = { producerId: 12n, producerEpoch: 3, sequence: 45 }
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 150 }), all => {
      const batch = batchOf(setOf(all.map(each => messageOf(each))), numbers, 1_795_000_000_123)
      const read = readRecordsBatch(Reader.from(batch))
      assert.equal(read.length, batch.length - 12)
      assert.equal(read.crc, crc32c(batch.subarray(21)))
      assert.equal(read.magic, 2)
      assert.equal(read.attributes, 0)
      assert.equal(read.lastOffsetDelta, all.length - 1)
      assert.equal(read.firstTimestamp, 1_795_000_000_123n)
      assert.equal(read.maxTimestamp, 1_795_000_000_123n)
      assert.deepEqual([read.producerId, read.producerEpoch, read.firstSequence], [12n, 3, 45])
      const found = read.records.map(({ key, value, headers, offsetDelta }, index) => {
        assert.equal(offsetDelta, index)
        const text = (data: Buffer | null) => data?.toString('latin1') ?? null
        const pairs = headers.map(([name, content]) => [text(name), text(content)])
        return { key: text(key), value: text(value), headers: pairs }
      })
      assert.deepEqual(found, all)
    }),
    { numRuns: 50 },
  )
})

test('lengths of one, two, three and four bytes are read as they were', () => {
  for (const length of [0, 63, 64, 2_047, 2_048, 8_191, 8_192, 1_048_576, 3_000_000]) {
    const message = messageOf({ key: null, value: 'x'.repeat(length), headers: [] })
    const batch = batchOf(setOf([message, message]), UNNUMBERED, 0)
    const { records } = readRecordsBatch(Reader.from(batch))
    assert.deepEqual(
      records.map(each => each.value?.length),
      [length, length],
    )
  }
})

test('records have times of their own, or none, however far they lie apart', () => {
  const time = fc.oneof(
    fc.integer({ min: 1_795_000_000_000, max: 1_795_000_000_500 }),
    fc.integer({ min: 0, max: 253_402_300_799_999 }),
    fc.constant(NO_TIMESTAMP),
  )
  const record = { key: null, value: 'x', headers: [] }
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 50 }), times => {
      const set = setOf(times.map(each => messageOf(record, each)))
      const batch = batchOf(set, UNNUMBERED, 7)
      const read = readRecordsBatch(Reader.from(batch))
      const found = read.records.map(each => Number(read.firstTimestamp + each.timestampDelta))
      assert.deepEqual(found, times)
      assert.equal(Number(read.maxTimestamp), Math.max(...times))
    }),
  )
})

test('text is sent in UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      assert.equal(Buffer.from(bytesOf(text), 'latin1').toString(), text.toWellFormed())
    }),
  )
})
