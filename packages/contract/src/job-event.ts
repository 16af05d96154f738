import {
  type Fence,
  fence,
  formatInstant,
  type Instant,
  instant,
  isWritable,
  type JobEvent,
  parseInstant,
  parseJobId,
  runIdOf,
} from '@cronos/domain'
import { Type } from 'typebox'
import Schema from 'typebox/schema'

/** A message of a topic, before the client of the broker turns it into bytes. */
export interface EncodedMessage {
  readonly key: string
  readonly value: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** An event, or one line that says what is wrong with the message. */
export type DecodedEvent =
  | { readonly event: JobEvent }
  | { readonly event: null; readonly reason: string }

/** What the dispatch is told apart by from others of the same run. */
export const FENCE_HEADER = 'cronos-fence'
/** For people and other systems: job and fire time say the same. */
export const RUN_ID_HEADER = 'cronos-run-id'
/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACE_HEADER = 'traceparent'
/** Version ff, and ids of zeros alone, are not valid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The value of a message on `job-events`. Other fields are ignored. */
const JobEventValue = Schema.Compile(
  Type.Object({
    jobId: Type.String(),
    attempt: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
    scheduledAt: Type.Union([Type.String(), Type.Number()], {
      description: 'ISO-8601; or seconds since 1970 with a fraction, as other systems write it',
    }),
  }),
)

/**
 * An event as it stands on `job-events`. The value has the contract's three fields and no more;
 * what Cronos adds stands in headers, so that the strictest reader understands the value.
 */
export function encodeJobEvent(event: JobEvent): EncodedMessage {
  const { jobId, attempt, scheduledAt, traceparent } = event
  const headers: [string, string][] = [[RUN_ID_HEADER, runIdOf(event)]]
  if (event.fence !== null) headers.push([FENCE_HEADER, String(event.fence)])
  if (traceparent !== undefined) headers.push([TRACE_HEADER, traceparent])
  // Written out, as nothing in it needs an escape.
  const at = formatInstant(scheduledAt)
  const value = `{"jobId":"${jobId}","attempt":${attempt},"scheduledAt":"${at}"}`
  return { key: jobId, value, headers }
}

/** What a `traceparent` header says, where it says something. */
export function readTraceparent(header: unknown): string | undefined {
  return typeof header === 'string' && TRACEPARENT.test(header) ? header : undefined
}

/**
 * Reads a message of `job-events`, whoever wrote it. Unknown fields and headers are ignored; a
 * message with the three fields alone is an event without a fence.
 *
 * @param value the bytes; null for a message that has none
 * @param header the text of a header, or undefined
 */
export function decodeJobEvent(
  value: Uint8Array | null,
  header: (name: string) => string | undefined,
): DecodedEvent {
  if (value === null) return unreadable('it has no value')
  const json = readJson(value)
  if (json === undefined) return unreadable('it is not JSON in UTF-8')
  if (!JobEventValue.Check(json)) return unreadable(explain(json))
  const jobId = parseJobId(json.jobId)
  if (jobId === null) return unreadable('jobId must be job_ and a UUID in lower case')
  const scheduledAt = readInstant(json.scheduledAt)
  if (scheduledAt === null)
    return unreadable('scheduledAt must be ISO-8601 with a zone, or seconds since 1970')
  const fence = readFence(header(FENCE_HEADER))
  if (fence === undefined) return unreadable(`${FENCE_HEADER} must be a whole number`)
  const traceparent = readTraceparent(header(TRACE_HEADER))
  const { attempt } = json
  return {
    event: {
      jobId,
      scheduledAt,
      attempt,
      fence,
      ...(traceparent !== undefined && { traceparent }),
    },
  }
}

function unreadable(reason: string): DecodedEvent {
  return { event: null, reason }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @returns undefined when the bytes are no JSON */
function readJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(value))
  } catch {
    return undefined // the caller says so; the bytes are kept
  }
}

function explain(json: unknown): string {
  const [, [error]] = JobEventValue.Errors(json)
  if (error === undefined) return 'it is no event'
  const field = error.instancePath.slice(1).replaceAll('/', '.')
  return `${field || 'it'} ${error.message}`
}

/** A run is named by milliseconds: what is finer is cut off. */
function readInstant(scheduledAt: string | number): Instant | null {
  if (typeof scheduledAt === 'string') return parseInstant(scheduledAt)?.at ?? null
  const ms = Math.floor(Math.round(scheduledAt * 1_000_000) / 1_000)
  return isWritable(ms) ? instant(ms) : null
}

/** @returns null when there is none, undefined when it is no fence */
function readFence(text: string | undefined): Fence | null | undefined {
  if (text === undefined) return null
  return /^\d{1,15}$/.test(text) ? fence(Number(text)) : undefined
}
