import { type Fence, type Instant, type JobEvent, parseJobId } from '@cronos/domain'
import {
  digitsOf,
  isDigit,
  passBytes,
  writeAscii,
  writeBytes,
  writeInteger,
  ZERO,
} from './ascii.ts'
import { hasPlainYear, INSTANT_LENGTH, readInstant, writeInstant } from './ascii-instant.ts'

/*
 * The value of an event as `encodeJobEvent` writes it, byte by byte: what all events of Cronos' own
 * are. To go through strings and JSON takes ten times as long.
 */

const JOB_ID = Buffer.from('{"jobId":"')
const ATTEMPT = Buffer.from('","attempt":')
const SCHEDULED_AT = Buffer.from(',"scheduledAt":"')
const END = Buffer.from('"}')
const JOB_ID_LENGTH = 40
const MAX_ATTEMPT = 2_147_483_647
const MAX_ATTEMPT_DIGITS = 10
/** Without the digits of the attempt. */
const LENGTH =
  JOB_ID.length + JOB_ID_LENGTH + ATTEMPT.length + SCHEDULED_AT.length + INSTANT_LENGTH + END.length

/** Whether `writeJobEvent` can write it; `encodeJobEvent` writes all. */
export function isPlainJobEvent({ jobId, scheduledAt, traceparent }: JobEvent): boolean {
  return jobId.length === JOB_ID_LENGTH && hasPlainYear(scheduledAt) && traceparent === undefined
}

export function writtenLength({ attempt }: JobEvent): number {
  return LENGTH + digitsOf(attempt)
}

/** Writes the value of a plain event. @returns where it ends */
export function writeJobEvent(bytes: Uint8Array, at: number, event: JobEvent): number {
  let end = writeAscii(bytes, writeBytes(bytes, at, JOB_ID), event.jobId)
  end = writeInteger(bytes, writeBytes(bytes, end, ATTEMPT), event.attempt)
  end = writeInstant(bytes, writeBytes(bytes, end, SCHEDULED_AT), event.scheduledAt)
  return writeBytes(bytes, end, END)
}

/**
 * Reads an event of exactly the form that Cronos writes.
 *
 * @param at where the value begins in the bytes
 * @param end where it ends
 * @param fence and the time of publishing stand beside the value
 * @returns null for any other form: the value may well be an event, for `decodeJobEvent` to read
 */
export function readWrittenJobEvent(
  bytes: Buffer,
  at: number,
  end: number,
  fence: Fence,
  publishedAt?: Instant,
): JobEvent | null {
  const jobIdAt = passBytes(bytes, at, JOB_ID)
  const attemptAt = passBytes(bytes, jobIdAt + JOB_ID_LENGTH, ATTEMPT)
  if (attemptAt < 0) return null
  let attempt = 0
  let digitAt = attemptAt
  for (; digitAt < attemptAt + MAX_ATTEMPT_DIGITS && isDigit(bytes[digitAt]!); digitAt++)
    attempt = attempt * 10 + (bytes[digitAt]! - ZERO)
  if (bytes[attemptAt] === ZERO || attempt < 1 || attempt > MAX_ATTEMPT) return null
  const instantAt = passBytes(bytes, digitAt, SCHEDULED_AT)
  if (passBytes(bytes, instantAt + INSTANT_LENGTH, END) !== end) return null
  const scheduledAt = readInstant(bytes, instantAt)
  if (scheduledAt === null) return null
  const jobId = parseJobId(bytes.toString('latin1', jobIdAt, jobIdAt + JOB_ID_LENGTH))
  if (jobId === null) return null
  return publishedAt === undefined
    ? { jobId, scheduledAt, attempt, fence }
    : { jobId, scheduledAt, attempt, fence, publishedAt }
}
