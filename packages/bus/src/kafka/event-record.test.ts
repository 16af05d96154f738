import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJobEvent, encodeJobEvent } from '@cronos/contract'
import { type Fence, instant, type JobEvent, jobIdOf, latestInstant } from '@cronos/domain'
import fc from 'fast-check'
import { isPlain, readEvent, readWrittenFence } from './event-record.ts'
import { eventMessage, type Message } from './messages.ts'
import { RecordCursor } from './record-cursor.ts'
import { batchOf, setOf, UNNUMBERED } from './record-set.ts'
import { NO_TIMESTAMP, recordText } from './record-text.ts'

const event: fc.Arbitrary<JobEvent> = fc
  .tuple(
    fc.uuid().map(uuid => jobIdOf(uuid.toLowerCase())),
    fc.integer({ min: 0, max: 253_402_300_799_999 }).map(instant),
    fc.integer({ min: 1, max: 2_147_483_647 }),
    fc.integer({ min: 0, max: 999_999_999_999_999 }),
    fc.option(fc.integer({ min: 0, max: latestInstant }).map(instant)),
  )
  .map(([jobId, scheduledAt, attempt, fence, publishedAt]) => ({
    ...{ jobId, scheduledAt, attempt, fence: fence as Fence },
    ...(publishedAt !== null && { publishedAt }),
  }))

const bytesOf = (messages: readonly Message[]) => batchOf(setOf(messages), UNNUMBERED, 0)
const messageOf = (one: JobEvent) => eventMessage('t', one, one.publishedAt ?? 0)

function recordOf(message: Message): RecordCursor {
  const record = new RecordCursor(bytesOf([message]))
  assert.ok(record.next())
  return record
}

test('an event is written at once as it is written of its parts', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 100 }), events => {
      assert.ok(events.every(isPlain))
      const messages = events.map(messageOf)
      const ofParts = messages.map((message, index) => ({
        ...{ ...message, content: recordText(encodeJobEvent(events[index]!)) },
      }))
      assert.deepEqual(bytesOf(messages), bytesOf(ofParts))
    }),
  )
})

test('events that are sent together are read as they were, each with its own time', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 100 }), events => {
      const record = new RecordCursor(bytesOf(events.map(messageOf)))
      for (const one of events) {
        assert.ok(record.next())
        assert.deepEqual(readEvent(record), { event: one })
      }
    }),
  )
})

test('an event of Cronos is read at once, and as it was', () => {
  fc.assert(
    fc.property(event, one => {
      assert.equal(readWrittenFence(recordOf(messageOf(one))), one.fence)
      assert.deepEqual(readEvent(recordOf(messageOf(one))), { event: one })
    }),
  )
})

test('events that are rare are read as they were', () => {
  const one = { ...fc.sample(event, 1)[0]!, publishedAt: instant(1_795_000_000_456) }
  const { publishedAt: _, ...untold } = one
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  for (const rare of [
    { ...one, traceparent },
    { ...untold, traceparent },
    { ...untold, fence: null },
    { ...one, scheduledAt: instant(-1) },
  ])
    assert.deepEqual(readEvent(recordOf(messageOf(rare))), { event: rare })
})

test('the time of a record is that of publishing only beside a fence, and only where a database could keep it', () => {
  const { publishedAt: _, ...one } = fc.sample(event, 1)[0]!
  const at = (given: JobEvent, timestamp: number) =>
    readEvent(recordOf({ ...messageOf(given), timestamp })).event
  assert.deepEqual(at(one, 1_795_000_000_456), { ...one, publishedAt: 1_795_000_000_456 })
  assert.deepEqual(at({ ...one, fence: null }, 1_795_000_000_456), { ...one, fence: null })
  for (const timestamp of [-1, -5, latestInstant + 1, Number.MAX_SAFE_INTEGER])
    assert.deepEqual(at(one, timestamp), one)
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
      const message = { topic: 't', slot: 0, content: recordText(parts), timestamp: NO_TIMESTAMP }
      assert.deepEqual(readEvent(recordOf(message)), expected)
    }),
    { numRuns: 1_000 },
  )
})
