import {
  type fetchV17,
  IS_CONTROL,
  Reader,
  type RecordsBatch,
  ResponseError,
  type ResponseParser,
  readRecordsBatch,
} from '@platformatic/kafka'

/** A batch of records as the client carries it: as if it were the value of one message. */
export interface FetchedBatch {
  readonly bytes: Buffer
  /** The batch is whole, though its first records may have been read before: those below this. */
  readonly from: number
}

/** The offsets that were asked for, by `topicKey`. */
export type AskedOffsets = ReadonlyMap<string, bigint>

export function topicKey(topic: string, partition: number): string {
  return `${topic}:${partition}`
}

/** Until then topics had names in it; thereafter they have ids. */
const LAST_VERSION_WITH_NAMES = 12
/** First offset and length, which stand before what the length counts. */
const HEAD = 12

/**
 * Reads the answer to a fetch of version 12 to 17 as the client does, but for the records, which stay
 * as they are: a batch has one record, the bytes of it all.
 *
 * @see https://kafka.apache.org/protocol.html#The_Messages_Fetch
 */
export function fetchAnswerParser(asked: AskedOffsets): ResponseParser<fetchV17.FetchResponse> {
  return (_correlationId, apiKey, apiVersion, reader) => {
    const errors: [string, [number, null]][] = []
    const throttleTimeMs = reader.readInt32()
    const errorCode = reader.readInt16()
    if (errorCode !== 0) errors.push(['', [errorCode, null]])
    const sessionId = reader.readInt32()
    const responses = reader.readArray((r, i) => {
      const topicId = apiVersion <= LAST_VERSION_WITH_NAMES ? r.readString() : r.readUUID()
      const partitions = r.readArray((r, j) => {
        const partition = readPartition(r, topicId, asked)
        if (partition.errorCode !== 0)
          errors.push([`/responses/${i}/partitions/${j}`, [partition.errorCode, null]])
        return partition
      })
      return { topicId, partitions }
    })
    const response = { throttleTimeMs, errorCode, sessionId, responses }
    if (errors.length > 0)
      throw new ResponseError(apiKey, apiVersion, Object.fromEntries(errors), response)
    return response
  }
}

function readPartition(reader: Reader, topicId: string, asked: AskedOffsets) {
  const partitionIndex = reader.readInt32()
  const head = {
    partitionIndex,
    errorCode: reader.readInt16(),
    highWatermark: reader.readInt64(),
    lastStableOffset: reader.readInt64(),
    logStartOffset: reader.readInt64(),
    abortedTransactions: reader.readNullableArray(r => ({
      producerId: r.readInt64(),
      firstOffset: r.readInt64(),
    })),
    preferredReadReplica: reader.readInt32(),
  }
  const size = reader.readUnsignedVarInt() - 1
  if (size < 0) return { ...head, records: null }
  const bytes = reader.buffer.slice(reader.position, reader.position + size)
  reader.skip(size)
  const from = Number(asked.get(topicKey(topicId, partitionIndex)) ?? 0n)
  return { ...head, records: batchesOf(bytes, from) }
}

/** Those that are whole: an answer ends where its limit is. */
function batchesOf(bytes: Buffer, from: number): RecordsBatch[] {
  const batches: RecordsBatch[] = []
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const end = at + HEAD + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    batches.push(carry(bytes.subarray(at, end), from))
    at = end
  }
  return batches
}

/** @see https://kafka.apache.org/documentation/#recordbatch */
function carry(bytes: Buffer, from: number): RecordsBatch {
  const attributes = bytes.readInt16BE(21)
  const lastOffsetDelta = bytes.readInt32BE(23)
  const value: FetchedBatch = { bytes, from }
  const whole = {
    ...{ length: bytes.length, attributes: 0, timestampDelta: 0n, offsetDelta: lastOffsetDelta },
    ...{ key: null, value: value as unknown as Buffer, headers: [] },
  }
  return {
    firstOffset: bytes.readBigInt64BE(0),
    length: bytes.readInt32BE(8),
    partitionLeaderEpoch: bytes.readInt32BE(12),
    magic: bytes.readInt8(16),
    crc: bytes.readUInt32BE(17),
    ...{ attributes, lastOffsetDelta },
    firstTimestamp: bytes.readBigInt64BE(27),
    maxTimestamp: bytes.readBigInt64BE(35),
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    firstSequence: bytes.readInt32BE(53),
    // The client looks into those that end a transaction, and hands them to nobody.
    records:
      (attributes & IS_CONTROL) === 0 ? [whole] : readRecordsBatch(Reader.from(bytes)).records,
  }
}
