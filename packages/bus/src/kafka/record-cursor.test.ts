import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { RecordCursor } from './record-cursor.ts'

const bytes = fc.uint8Array({ maxLength: 200 }).map(data => Buffer.from(data))
const message = fc
  .tuple(
    fc.option(bytes),
    fc.option(bytes),
    fc.dictionary(fc.string({ minLength: 1 }), bytes, { maxKeys: 3 }),
    fc.bigInt({ min: 1_700_000_000_000n, max: 1_900_000_000_000n }),
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
        for (const [index, { key, value, headers }] of messages.entries()) {
          assert.ok(record.next())
          assert.equal(record.offset, 9_000_000_000 + index)
          assert.deepEqual(record.key, key)
          assert.deepEqual(record.value, value)
          assert.deepEqual(record.headers, [...headers])
        }
        assert.equal(record.next(), false)
      }),
      { numRuns: 50 },
    )
  })

test('a record that ends behind its batch is told', () => {
  const value = Buffer.from('x'.repeat(100))
  const batch = createRecordsBatch([{ topic: 't', partition: 0, value } as never]).buffer
  assert.throws(() => new RecordCursor(batch.subarray(0, -1)).next(), /ends behind its batch/)
})
