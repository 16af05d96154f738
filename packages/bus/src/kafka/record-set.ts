import { crc32c, Writer } from '@platformatic/kafka'
import { MAX_EVENT_BYTES, writeEventRecord } from './event-record.ts'
import type { Message } from './messages.ts'
import { MAX_FRAME_BYTES, NO_TIMESTAMP, writeRecord } from './record-text.ts'

/** Records for one partition, which are sent, and sent again, as one batch. */
export interface RecordSet {
  readonly count: number
  /** The records, behind room for the head of the batch. */
  readonly bytes: Buffer
  /** Of the first record and the latest one; null for the time at which the set is sent. */
  readonly times: { readonly first: number; readonly latest: number } | null
}

/** By what a broker tells a batch that it has from one that is new. */
export interface BatchNumbers {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Of the first record. */
  readonly sequence: number
}

/** Of a batch that may be stored twice. */
export const UNNUMBERED: BatchNumbers = { producerId: -1n, producerEpoch: -1, sequence: -1 }

/*
 * Where the fields of a batch stand.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
const LENGTH = 8
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const FIRST_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const FIRST_SEQUENCE = 53
const COUNT = 57
const RECORDS = 61

export function setOf(messages: readonly Message[]): RecordSet {
  let size = RECORDS
  for (const { content } of messages)
    size += typeof content === 'string' ? content.length + MAX_FRAME_BYTES : MAX_EVENT_BYTES
  const bytes = Buffer.allocUnsafe(size)
  const first = messages[0]?.timestamp ?? null
  let latest = first ?? NO_TIMESTAMP
  let end = RECORDS
  for (let index = 0; index < messages.length; index++) {
    const { content, timestamp } = messages[index]!
    const delayMs = first === null || timestamp === null ? 0 : timestamp - first
    if (first !== null) latest = Math.max(latest, first + delayMs)
    end =
      typeof content === 'string'
        ? writeRecord(bytes, end, content, index, delayMs)
        : writeEventRecord(bytes, end, content, index, delayMs)
  }
  const times = first === null ? null : { first, latest }
  return { count: messages.length, bytes: bytes.subarray(0, end), times }
}

/** The set as a batch of Kafka's format 2, uncompressed. Its head is written anew. */
export function batchOf(set: RecordSet, numbers: BatchNumbers, nowMs: number): Buffer {
  const { count, bytes, times } = set
  bytes.fill(0, 0, RECORDS)
  bytes.writeInt32BE(bytes.length - LENGTH - 4, LENGTH)
  bytes.writeInt8(2, MAGIC)
  bytes.writeInt32BE(count - 1, LAST_OFFSET_DELTA)
  bytes.writeBigInt64BE(BigInt(times?.first ?? nowMs), FIRST_TIMESTAMP)
  bytes.writeBigInt64BE(BigInt(times?.latest ?? nowMs), MAX_TIMESTAMP)
  bytes.writeBigInt64BE(numbers.producerId, PRODUCER_ID)
  bytes.writeInt16BE(numbers.producerEpoch, PRODUCER_EPOCH)
  bytes.writeInt32BE(numbers.sequence, FIRST_SEQUENCE)
  bytes.writeInt32BE(count, COUNT)
  // Plain bytes would be copied first.
  const checked = Writer.create().append(bytes.subarray(ATTRIBUTES)).dynamicBuffer
  bytes.writeUInt32BE(crc32c(checked), CRC)
  return bytes
}
