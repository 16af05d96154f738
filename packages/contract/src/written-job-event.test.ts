import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fence, type Instant, instant, type JobEvent, jobIdOf } from '@cronos/domain'
import fc from 'fast-check'
import { decodeJobEvent, encodeJobEvent } from './job-event.ts'
import {
  isPlainJobEvent,
  readWrittenJobEvent,
  writeJobEvent,
  writtenLength,
} from './written-job-event.ts'

const fence = 7 as Fence
const plain: fc.Arbitrary<JobEvent> = fc
  .tuple(
    fc.uuid().map(uuid => jobIdOf(uuid.toLowerCase())),
    fc
      .integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) })
      .map(instant),
    fc.integer({ min: 1, max: 2_147_483_647 }),
  )
  .map(([jobId, scheduledAt, attempt]) => ({ jobId, scheduledAt, attempt, fence }))

function written(event: JobEvent): Buffer {
  const bytes = Buffer.alloc(writtenLength(event))
  assert.equal(writeJobEvent(bytes, 0, event), bytes.length)
  return bytes
}

test('an event is written byte by byte as it is encoded, and read as it was', () => {
  fc.assert(
    fc.property(plain, event => {
      const bytes = written(event)
      assert.ok(isPlainJobEvent(event))
      assert.equal(bytes.toString(), encodeJobEvent(event).value)
      assert.deepEqual(readWrittenJobEvent(bytes, 0, bytes.length, fence), event)
    }),
  )
})

test('each day of four centuries is written as it is encoded', () => {
  const jobId = jobIdOf('92daa91d-de99-4e82-8f1d-593f03a50ad8')
  for (let day = Date.UTC(1899, 0, 1); day < Date.UTC(2300, 0, 1); day += 86_400_000) {
    const event = { jobId, attempt: 1, fence, scheduledAt: (day + 45_296_789) as Instant }
    assert.equal(written(event).toString(), encodeJobEvent(event).value)
  }
})

test('what is rare is not written byte by byte', () => {
  const event = { jobId: jobIdOf('92daa91d-de99-4e82-8f1d-593f03a50ad8'), attempt: 1, fence }
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  assert.ok(isPlainJobEvent({ ...event, scheduledAt: 0 as Instant }))
  assert.ok(!isPlainJobEvent({ ...event, scheduledAt: 0 as Instant, traceparent }))
  assert.ok(!isPlainJobEvent({ ...event, scheduledAt: Date.UTC(999, 11, 31) as Instant }))
})

test('what is read byte by byte is what the reader of all events reads, whatever is changed', () => {
  const changes = fc.array(
    fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...'0123456789-:.TZ{}",aA '), fc.string())),
    { minLength: 1, maxLength: 3 },
  )
  let understood = 0
  fc.assert(
    fc.property(plain, changes, (event, changes) => {
      let text = written(event).toString()
      for (const [place, replacement] of changes) {
        const at = place % text.length
        text = text.slice(0, at) + replacement + text.slice(at + 1)
      }
      const bytes = Buffer.from(text)
      const found = readWrittenJobEvent(bytes, 0, bytes.length, fence)
      if (found === null) return
      understood++
      assert.deepEqual(
        decodeJobEvent(bytes, () => String(fence)),
        { event: found },
      )
    }),
    { numRuns: 3_000 },
  )
  assert.ok(understood > 0)
})

test('an event that is no whole value, or of a day that is none, is left to the other reader', () => {
  const text = (day: string) =>
    `{"jobId":"job_92daa91d-de99-4e82-8f1d-593f03a50ad8","attempt":1,"scheduledAt":"${day}T20:42:06.777Z"}`
  const read = (day: string, more = '') => {
    const bytes = Buffer.from(text(day) + more)
    return readWrittenJobEvent(bytes, 0, bytes.length, fence)
  }
  assert.ok(read('2028-02-29') !== null)
  assert.equal(read('2027-02-29'), null)
  assert.equal(read('2027-13-01'), null)
  assert.equal(read('2027-00-10'), null)
  assert.equal(read('2027-01-10', ' '), null)
  const whole = Buffer.from(text('2027-01-10'))
  for (let end = 0; end < whole.length; end++)
    assert.equal(readWrittenJobEvent(whole, 0, end, fence), null)
})
