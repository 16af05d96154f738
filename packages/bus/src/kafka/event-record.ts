import {
  type DecodedEvent,
  decodeJobEvent,
  digitsOf,
  FENCE_HEADER,
  isPlainJobEvent,
  passBytes,
  RUN_ID_HEADER,
  readDigits,
  readWrittenJobEvent,
  writeAscii,
  writeBytes,
  writeInteger,
  writeJobEvent,
  writtenLength,
} from '@cronos/contract'
import {
  type Fence,
  fence,
  type Instant,
  instant,
  type JobEvent,
  latestInstant,
  uuidOf,
} from '@cronos/domain'
import type { RecordCursor } from './record-cursor.ts'
import { sized, varint } from './record-text.ts'
import { writeVarint, writeVarlong } from './varint.ts'

/**
 * Reads an event, whoever wrote it: what Cronos writes in one go, all else by and by.
 *
 * The time of the record is when the event was published where it has a fence, and so is a
 * scheduler's: that is the database's clock. What another system writes has the time of its own.
 */
export function readEvent(record: RecordCursor): DecodedEvent {
  const publishedAt = publishTimeOf(record)
  const fence = readWrittenFence(record)
  if (fence !== undefined) {
    const { bytes, valueAt, valueLength } = record
    const event = readWrittenJobEvent(bytes, valueAt, valueAt + valueLength, fence, publishedAt)
    if (event !== null) return { event }
  }
  const { headers } = record
  const decoded = decodeJobEvent(record.value, name => {
    const found = headers.find(([key]) => key?.toString() === name)
    return found?.[1]?.toString()
  })
  const { event } = decoded
  if (event === null || event.fence === null || publishedAt === undefined) return decoded
  return { event: { ...event, publishedAt } }
}

/** Nothing that a database could not keep: it would fail all starts that it stands beside. */
function publishTimeOf({ timestamp }: RecordCursor): Instant | undefined {
  return timestamp >= 0 && timestamp <= latestInstant ? instant(timestamp) : undefined
}

/** An event as a scheduler sends it: with a fence, and with nothing that is rare. */
export type PlainEvent = JobEvent & { readonly fence: Fence }

export function isPlain(event: JobEvent): event is PlainEvent {
  return event.fence !== null && event.scheduledAt >= 0 && isPlainJobEvent(event)
}

/** What the record of a plain event takes at most, by far. */
export const MAX_EVENT_BYTES = 400

/** Two headers, of which this is the first, as they stand in a record. */
const RUN_ID = Buffer.from(varint(2) + sized(RUN_ID_HEADER), 'latin1')
const FENCE = Buffer.from(sized(FENCE_HEADER), 'latin1')
const RUN = Buffer.from('run_')
const BEFORE_TIME = Buffer.from('_')

/**
 * Writes the record of a plain event: what `recordText` makes of `encodeJobEvent`.
 *
 * @param index its place in the batch
 * @param delayMs how long after the batch it was made
 * @returns where it ends
 */
export function writeEventRecord(
  bytes: Buffer,
  at: number,
  event: PlainEvent,
  index: number,
  delayMs: number,
): number {
  const { jobId, scheduledAt } = event
  const begin = at + 2 // behind the length of the record, which takes two bytes from 64 to 8,191
  bytes[begin] = 0 // attributes: there are none
  let end = writeVarint(bytes, writeVarlong(bytes, begin + 1, delayMs), index)
  end = writeAscii(bytes, writeVarint(bytes, end, jobId.length), jobId)
  end = writeJobEvent(bytes, writeVarint(bytes, end, writtenLength(event)), event)
  end = writeBytes(bytes, end, RUN_ID)
  const uuid = uuidOf(jobId)
  const runIdLength = RUN.length + uuid.length + BEFORE_TIME.length + digitsOf(scheduledAt)
  end = writeBytes(bytes, writeVarint(bytes, end, runIdLength), RUN)
  end = writeBytes(bytes, writeAscii(bytes, end, uuid), BEFORE_TIME)
  end = writeBytes(bytes, writeInteger(bytes, end, scheduledAt), FENCE)
  end = writeInteger(bytes, writeVarint(bytes, end, digitsOf(event.fence)), event.fence)
  writeVarint(bytes, at, end - begin)
  return end
}

/**
 * The fence, where the headers are those that Cronos writes and no others.
 *
 * @returns undefined where they are not; then the record is to be read as a stranger's
 */
export function readWrittenFence({ bytes, headersAt, end }: RecordCursor): Fence | undefined {
  const runIdAt = passBytes(bytes, headersAt, RUN_ID)
  if (runIdAt < 0) return undefined
  const lengthAt = passBytes(bytes, runIdAt + 1 + shortLength(bytes, runIdAt), FENCE)
  if (lengthAt < 0) return undefined
  const digits = shortLength(bytes, lengthAt)
  if (digits < 1 || digits > 15 || lengthAt + 1 + digits !== end) return undefined
  const value = readDigits(bytes, lengthAt + 1, digits)
  return Number.isNaN(value) ? undefined : fence(value)
}

/** Of a text of less than 64 bytes; such lengths take one byte. Any other answer leads nowhere. */
function shortLength(bytes: Buffer, at: number): number {
  return bytes[at]! >> 1
}
