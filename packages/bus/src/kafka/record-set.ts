import { crc32c } from '@platformatic/kafka'
import { type ByteString, recordsText } from './record-text.ts'

/** Records for one partition, which are sent, and sent again, as one batch. */
export interface RecordSet {
  readonly records: readonly ByteString[]
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

/** The set as a batch of Kafka's format 2, uncompressed. */
export function batchOf({ records }: RecordSet, numbers: BatchNumbers, nowMs: number): Buffer {
  const text = recordsText(records)
  const batch = Buffer.allocUnsafe(RECORDS + text.length)
  batch.fill(0, 0, RECORDS)
  batch.writeInt32BE(batch.length - LENGTH - 4, LENGTH)
  batch.writeInt8(2, MAGIC)
  batch.writeInt32BE(records.length - 1, LAST_OFFSET_DELTA)
  batch.writeBigInt64BE(BigInt(nowMs), FIRST_TIMESTAMP)
  batch.writeBigInt64BE(BigInt(nowMs), MAX_TIMESTAMP)
  batch.writeBigInt64BE(numbers.producerId, PRODUCER_ID)
  batch.writeInt16BE(numbers.producerEpoch, PRODUCER_EPOCH)
  batch.writeInt32BE(numbers.sequence, FIRST_SEQUENCE)
  batch.writeInt32BE(records.length, COUNT)
  batch.write(text, RECORDS, 'latin1')
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES)), CRC)
  return batch
}
