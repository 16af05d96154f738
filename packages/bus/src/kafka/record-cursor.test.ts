import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { RecordCursor } from './record-cursor.ts'
import { NO_TIMESTAMP } from './record-text.ts'

const bytes = fc.uint8Array({ maxLength: 200 }).map(data => Buffer.from(data))
const message = fc
  .tuple(
    fc.option(bytes),
    fc.option(bytes),
    fc.dictionary(fc.string({ minLength: 1 }), bytes, { maxKeys: 3 }),
    // The client writes times wrongly that lie 2^31 ms or more behind the first one of a batch.
    fc.bigInt({ min: 1_795_000_000_000n, max: 1_797_000_000_000n }),
  )
  .map(([key, value, headers, timestamp]) => ({
    ...{ topic: 't', partition: 0, key, value, timestamp },
    headers: new Map(
      Object.entries(headers).map(([name, content]) => [Buffer.from(name), content] as const),
    ),
  }))

for (const compression of ['none', 'gzip'] as const)
  test(`the records of a batch are read as the client wrote them, compression ${compression}`, () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 100 }), messages => {
        const batch = createRecordsBatch(messages as never, { compression }).buffer
        batch.writeBigInt64BE(9_000_000_000n, 0)
        const record = new RecordCursor(batch)
        for (const [index, { key, value, headers, timestamp }] of messages.entries()) {
          assert.ok(record.next())
          assert.equal(record.offset, 9_000_000_000 + index)
          assert.equal(record.timestamp, Number(timestamp))
          assert.deepEqual(record.key, key)
          assert.deepEqual(record.value, value)
          assert.deepEqual(record.headers, [...headers])
        }
        assert.equal(record.next(), false)
      }),
      { numRuns: 50 },
    )
  })

test('the time at which a broker took records is not that of their writer', () => {
  const timestamp = 1_795_000_000_123n
  const batch = createRecordsBatch([{ topic: 't', partition: 0, timestamp } as never]).buffer
  batch.writeInt16BE(batch.readInt16BE(21) | 0b1000, 21)
  const record = new RecordCursor(batch)
  assert.ok(record.next())
  assert.equal(record.timestamp, NO_TIMESTAMP)
})

test('a record that ends behind its batch is told', () => {
  const value = Buffer.from('x'.repeat(100))
  const batch = createRecordsBatch([{ topic: 't', partition: 0, value } as never]).buffer
  assert.throws(() => new RecordCursor(batch.subarray(0, -1)).next(), /ends behind its batch/)
})
