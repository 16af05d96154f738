import { compressionsAlgorithmsByBitmask, IS_COMPRESSED } from '@platformatic/kafka'
import { NO_TIMESTAMP } from './record-text.ts'

/** Where the records of a batch begin. */
const RECORDS = 61
/** The attribute of a batch whose times are those at which the broker took it. */
const IS_APPEND_TIME = 0b1000

/** One record after the other of a batch, where they stand: nothing is copied. */
export class RecordCursor {
  /** Of the batch, or what it was compressed from. */
  readonly bytes: Buffer
  /** Of the record. */
  offset = -1
  /**
   * When it was made, in milliseconds since 1970, as its writer says; `NO_TIMESTAMP` where he does
   * not, or where the topic keeps the broker's time in place of his.
   */
  timestamp = NO_TIMESTAMP
  valueAt = 0
  /** Negative for a record without a value. */
  valueLength = -1
  headersAt = 0
  /** Behind the record. */
  end = 0
  #keyAt = 0
  #keyLength = -1
  #at: number
  #left: number
  readonly #firstOffset: number
  readonly #firstTimestamp: number
  readonly #isAppendTime: boolean

  /** @param batch a whole batch of Kafka's format 2 */
  constructor(batch: Buffer) {
    // Kafka counts messages: it takes centuries to come to numbers that are not exact.
    this.#firstOffset = Number(batch.readBigInt64BE(0))
    this.#firstTimestamp = Number(batch.readBigInt64BE(27))
    this.#left = batch.readInt32BE(57)
    const attributes = batch.readInt16BE(21)
    this.#isAppendTime = (attributes & IS_APPEND_TIME) !== 0
    const compression = attributes & IS_COMPRESSED
    this.bytes = compression === 0 ? batch : decompressed(batch.subarray(RECORDS), compression)
    this.#at = compression === 0 ? RECORDS : 0
  }

  /** Moves to the next record. @returns false behind the last */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    const length = this.#varint()
    this.end = this.#at + length
    if (length < 0 || this.end > this.bytes.length)
      throw new Error('a record ends behind its batch')
    this.#at++ // attributes: there are none
    const delayMs = this.#varlong()
    this.timestamp = this.#isAppendTime ? NO_TIMESTAMP : this.#firstTimestamp + delayMs
    this.offset = this.#firstOffset + this.#varint()
    this.#keyLength = this.#varint()
    this.#keyAt = this.#at
    if (this.#keyLength > 0) this.#at += this.#keyLength
    this.valueLength = this.#varint()
    this.valueAt = this.#at
    if (this.valueLength > 0) this.#at += this.valueLength
    this.headersAt = this.#at
    this.#at = this.end
    return true
  }

  get key(): Buffer | null {
    return this.#part(this.#keyAt, this.#keyLength)
  }

  get value(): Buffer | null {
    return this.#part(this.valueAt, this.valueLength)
  }

  get headers(): [name: Buffer | null, value: Buffer | null][] {
    this.#at = this.headersAt
    const headers = Array.from({ length: this.#varint() }, () => {
      const pair: [Buffer | null, Buffer | null] = [this.#readPart(), this.#readPart()]
      return pair
    })
    this.#at = this.end
    return headers
  }

  #readPart(): Buffer | null {
    const length = this.#varint()
    const part = this.#part(this.#at, length)
    if (length > 0) this.#at += length
    return part
  }

  #part(at: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(at, at + length)
  }

  /** Zigzag, seven bits a byte, the lowest first; of 32 bits. */
  #varint(): number {
    const { bytes } = this
    let at = this.#at
    let byte = bytes[at++]!
    let value = byte & 0x7f
    for (let shift = 7; byte > 0x7f && shift < 35; shift += 7) {
      byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
    }
    this.#at = at
    return (value >>> 1) ^ -(value & 1)
  }

  /** The same of 64 bits, exact up to 2^53: that is far beyond any time. */
  #varlong(): number {
    const { bytes } = this
    let at = this.#at
    let byte = bytes[at++]!
    let value = byte & 0x7f
    for (let weight = 0x80; byte > 0x7f; weight *= 0x80) {
      byte = bytes[at++]!
      value += (byte & 0x7f) * weight
    }
    this.#at = at
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** @throws where it is of a kind that the client does not know */
function decompressed(records: Buffer, compression: number): Buffer {
  const algorithm =
    compressionsAlgorithmsByBitmask[compression as keyof typeof compressionsAlgorithmsByBitmask]
  if (algorithm === undefined) throw new Error(`compression ${compression} is not known`)
  return algorithm.decompressSync(records)
}
