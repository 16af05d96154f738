import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJobEvent, encodeJobEvent } from '@cronos/contract'
import { type Fence, instant, type JobEvent, jobIdOf } from '@cronos/domain'
import fc from 'fast-check'
import { isPlain, readEvent, readWrittenFence } from './event-record.ts'
import { eventMessage } from './messages.ts'
import { RecordCursor } from './record-cursor.ts'
import { batchOf, setOf, UNNUMBERED } from './record-set.ts'
import { type RecordParts, recordText } from './record-text.ts'

const event: fc.Arbitrary<JobEvent> = fc
  .tuple(
    fc.uuid().map(uuid => jobIdOf(uuid.toLowerCase())),
    fc.integer({ min: 0, max: 253_402_300_799_999 }).map(instant),
    fc.integer({ min: 1, max: 2_147_483_647 }),
    fc.integer({ min: 0, max: 999_999_999_999_999 }),
  )
  .map(([jobId, scheduledAt, attempt, fence]) => ({
    ...{ jobId, scheduledAt, attempt, fence: fence as Fence },
  }))

const bytesOf = (contents: readonly (JobEvent | RecordParts)[]) =>
  batchOf(
    setOf(
      contents.map(content =>
        'jobId' in content
          ? eventMessage('t', content)
          : { topic: 't', slot: 0, content: recordText(content) },
      ),
    ),
    UNNUMBERED,
    0,
  )

function recordOf(content: JobEvent | RecordParts): RecordCursor {
  const record = new RecordCursor(bytesOf([content]))
  assert.ok(record.next())
  return record
}

test('an event is written at once as it is written of its parts', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 100 }), events => {
      assert.ok(events.every(isPlain))
      assert.deepEqual(bytesOf(events), bytesOf(events.map(encodeJobEvent)))
    }),
  )
})

test('an event of Cronos is read at once, and as it was', () => {
  fc.assert(
    fc.property(event, one => {
      assert.equal(readWrittenFence(recordOf(one)), one.fence)
      assert.deepEqual(readEvent(recordOf(one)), { event: one })
    }),
  )
})

test('events that are rare are read as they were', () => {
  const one = fc.sample(event, 1)[0]!
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  for (const rare of [
    { ...one, traceparent },
    { ...one, fence: null },
    { ...one, scheduledAt: instant(-1) },
  ])
    assert.deepEqual(readEvent(recordOf(rare)), { event: rare })
})

test('a record with other headers or values is read as the reader of all events reads it', () => {
  const header = fc.tuple(
    fc.constantFrom('cronos-fence', 'cronos-run-id', 'cronos-fencf', 'traceparent', 'x'),
    fc.oneof(fc.constantFrom('7', '07', '', '-1', '1e3', 'run_', null), fc.string()),
  )
  const records = fc.tuple(event, fc.array(header, { maxLength: 3 }), fc.constantFrom('', ' ', '}'))
  const text = (part: string | null) =>
    part === null ? null : Buffer.from(part).toString('latin1')
  fc.assert(
    fc.property(records, ([one, headers, tail]) => {
      const value = encodeJobEvent(one).value + tail
      const parts = { key: null, value, headers: headers.map(([n, v]) => [n, text(v)] as const) }
      const expected = decodeJobEvent(
        Buffer.from(value),
        name => headers.find(([known]) => known === name)?.[1] ?? undefined,
      )
      assert.deepEqual(readEvent(recordOf(parts)), expected)
    }),
    { numRuns: 1_000 },
  )
})
