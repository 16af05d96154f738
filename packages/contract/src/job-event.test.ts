import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DeadLetter,
  type Fence,
  type Instant,
  instant,
  isWritable,
  type JobEvent,
  jobIdOf,
} from '@cronos/domain'
import fc from 'fast-check'
import { encodeDeadLetter } from './dead-letter.ts'
import { decodeJobEvent, encodeJobEvent, readTraceparent } from './job-event.ts'

const jobId = jobIdOf('92daa91d-de99-4e82-8f1d-593f03a50ad8')
const scheduledAt = instant(Date.parse('2026-11-23T20:42:06.777Z'))
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const event: JobEvent = { jobId, scheduledAt, attempt: 1, fence: 7 as Fence, traceparent }

function decode(value: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return decodeJobEvent(Buffer.from(text), name => headers[name])
}

const theThree = { jobId, attempt: 1, scheduledAt: '2026-11-23T20:42:06.777Z' }

test('the value of an event has the three fields of the contract, and its key is the job', () => {
  const { key, value, headers } = encodeJobEvent(event)
  assert.equal(key, jobId)
  assert.deepEqual(JSON.parse(value), theThree)
  assert.deepEqual(Object.fromEntries(headers), {
    'cronos-run-id': `run_92daa91d-de99-4e82-8f1d-593f03a50ad8_${scheduledAt}`,
    'cronos-fence': '7',
    traceparent,
  })
})

test('any event that is written is read as it was', () => {
  const instants = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })
  const fields = {
    jobId: fc.uuid().map(uuid => jobIdOf(uuid.toLowerCase())),
    scheduledAt: instants.filter(isWritable).map(instant),
    attempt: fc.integer({ min: 1, max: 2_147_483_647 }),
    fence: fc.option(fc.nat().map(n => n as Fence)),
  }
  const events = fc.record(fields, { noNullPrototype: true })
  fc.assert(
    fc.property(events, one => {
      const { value, headers } = encodeJobEvent(one)
      assert.deepEqual(decode(value, Object.fromEntries(headers)), { event: one })
    }),
  )
})

test('an event of another system, with the three fields alone, has no fence', () => {
  assert.deepEqual(decode(theThree), { event: { jobId, scheduledAt, attempt: 1, fence: null } })
})

test('fields and headers that are not known are ignored', () => {
  const found = decode({ ...theThree, colour: 'red' }, { 'x-team': 'a', traceparent: 'none' })
  assert.deepEqual(found, { event: { jobId, scheduledAt, attempt: 1, fence: null } })
})

test('a trace context that says nothing is not taken for one', () => {
  assert.equal(readTraceparent(traceparent), traceparent)
  const nothing = ['', '00', traceparent.toUpperCase(), `ff${traceparent.slice(2)}`, undefined, 7]
  const zeros = [
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `${traceparent.slice(0, 36)}${'0'.repeat(16)}-01`,
  ]
  for (const header of [...nothing, ...zeros]) assert.equal(readTraceparent(header), undefined)
})

test('a numeric scheduledAt is seconds since 1970, to the millisecond', () => {
  const instants = fc.integer({ min: 0, max: 4_000_000_000_000 })
  fc.assert(
    fc.property(instants, fc.integer({ min: 0, max: 999 }), (ms, microseconds) => {
      const fraction = String((ms % 1_000) * 1_000 + microseconds).padStart(6, '0')
      const text = `${Math.floor(ms / 1_000)}.${fraction}`
      const found = decode(`{"jobId":"${jobId}","attempt":1,"scheduledAt":${text}}`)
      assert.equal(found.event?.scheduledAt, ms as Instant)
    }),
  )
})

test('what cannot be read is told in one line that names the field', () => {
  const cases: [string, RegExp][] = [
    ['', /JSON/],
    ['{', /JSON/],
    ['null', /^it must be object/],
    ['[]', /^it must be object/],
    ['{"jobId":"x"}', /attempt/],
    [JSON.stringify({ ...theThree, jobId: 'job_1' }), /^jobId must be job_ and a UUID/],
    [JSON.stringify({ ...theThree, attempt: 0 }), /^attempt must be/],
    [JSON.stringify({ ...theThree, attempt: '1' }), /^attempt must be/],
    [JSON.stringify({ ...theThree, scheduledAt: 'soon' }), /^scheduledAt must be ISO-8601/],
    [JSON.stringify({ ...theThree, scheduledAt: 1e300 }), /^scheduledAt must be ISO-8601/],
    [JSON.stringify({ ...theThree, scheduledAt: null }), /^scheduledAt/],
  ]
  for (const [value, reason] of cases) {
    const found = decode(value)
    assert.equal(found.event, null, value)
    assert.match(found.event === null ? found.reason : '', reason)
  }
  const bytes = decodeJobEvent(Buffer.from([0x7b, 0xff, 0x7d]), () => undefined)
  assert.equal(bytes.event, null)
  assert.deepEqual(
    decodeJobEvent(null, () => undefined),
    { event: null, reason: 'it has no value' },
  )
  assert.deepEqual(decode(theThree, { 'cronos-fence': '-1' }), {
    event: null,
    reason: 'cronos-fence must be a whole number',
  })
})

test('no bytes whatever break the reader', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, header) => {
      decodeJobEvent(bytes, () => header)
    }),
  )
  fc.assert(
    fc.property(fc.json(), text => {
      decode(text)
    }),
  )
})

test('a dead letter names its run and its payload, and does not show the payload', () => {
  const letter: DeadLetter = {
    ...{ jobId, scheduledAt, attempts: 3, jobVersion: 2 },
    failedAt: instant(scheduledAt + 1_000),
    error: { name: 'TypeError', message: 'x'.repeat(2_000_000) },
  }
  const { key, value, headers } = encodeDeadLetter(letter)
  const runId = `run_92daa91d-de99-4e82-8f1d-593f03a50ad8_${scheduledAt}`
  assert.equal(key, jobId)
  assert.deepEqual(Object.fromEntries(headers), {
    'cronos-dead-letter': 'run',
    'cronos-run-id': runId,
  })
  assert.deepEqual(JSON.parse(value), {
    ...{ runId, jobId, attempts: 3 },
    scheduledAt: '2026-11-23T20:42:06.777Z',
    failedAt: '2026-11-23T20:42:07.777Z',
    error: { name: 'TypeError', message: 'x'.repeat(10_000) },
    payload: { jobId, version: 2 },
  })
})
