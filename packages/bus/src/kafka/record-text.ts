/*
 * Records of Kafka's format 2, written as byte strings: one character a byte, none above U+00FF. To
 * put a record together out of strings and turn a whole batch into bytes at once costs a tenth of a
 * buffer for each field.
 */

/** Bytes as a string of as many characters. */
export type ByteString = string

/** The parts of a record. */
export interface RecordParts {
  readonly key: ByteString | null
  readonly value: ByteString | null
  readonly headers: readonly (readonly [name: ByteString, value: ByteString | null])[]
}

/** Attributes, and the time after the batch's: there are none. */
const HEAD = '\0\0'
const NOTHING = String.fromCharCode(1) // the length -1

/** @returns the text in UTF-8 */
export function bytesOf(text: string): ByteString {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1')
}

/** All of a record that does not depend on where it stands in a batch. */
export function recordText({ key, value, headers }: RecordParts): ByteString {
  let text = sized(key) + sized(value) + varint(headers.length)
  for (const [name, content] of headers) text += sized(name) + sized(content)
  return text
}

/** The records of a batch, one behind the other. */
export function recordsText(records: readonly ByteString[]): ByteString {
  let text = ''
  for (let index = 0; index < records.length; index++) {
    const record = HEAD + varint(index) + records[index]!
    text += varint(record.length) + record
  }
  return text
}

function sized(bytes: ByteString | null): ByteString {
  return bytes === null ? NOTHING : varint(bytes.length) + bytes
}

/** Those that lengths and places in a batch mostly have. */
const small = Array.from({ length: 2_048 }, (_, value) => longVarint(value))

/** A whole number from 0 in Kafka's variable length: zigzag, seven bits a byte, the lowest first. */
function varint(value: number): ByteString {
  return small[value] ?? longVarint(value)
}

function longVarint(value: number): ByteString {
  let text = ''
  let rest = value * 2
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80))
    text += String.fromCharCode((rest % 0x80) | 0x80)
  return text + String.fromCharCode(rest)
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}
