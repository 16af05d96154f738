import { writeVarint, writeVarlong } from './varint.ts'

/*
 * A record of Kafka's format 2 as a byte string: one character a byte, none above U+00FF. Messages
 * that are rare are put together so.
 */

/** Bytes as a string of as many characters. */
export type ByteString = string

/** The parts of a record. */
export interface RecordParts {
  readonly key: ByteString | null
  readonly value: ByteString | null
  readonly headers: readonly (readonly [name: ByteString, value: ByteString | null])[]
}

/** What stands before the text of a record, at most. */
export const MAX_FRAME_BYTES = 21

/** As Kafka writes that a record has no time. */
export const NO_TIMESTAMP = -1

/** @returns the text in UTF-8 */
export function bytesOf(text: string): ByteString {
  return Buffer.from(text).toString('latin1')
}

/** All of a record that does not depend on where it stands in a batch. */
export function recordText({ key, value, headers }: RecordParts): ByteString {
  let text = sized(key) + sized(value) + varint(headers.length)
  for (const [name, content] of headers) text += sized(name) + sized(content)
  return text
}

/**
 * Writes a record.
 *
 * @param index its place in the batch
 * @param delayMs how long after the batch it was made
 * @returns where it ends
 */
export function writeRecord(
  bytes: Buffer,
  at: number,
  text: ByteString,
  index: number,
  delayMs: number,
): number {
  const place = varlong(delayMs) + varint(index)
  let end = writeVarint(bytes, at, 1 + place.length + text.length)
  bytes[end++] = 0 // attributes: there are none
  end += bytes.write(place, end, 'latin1')
  return end + bytes.write(text, end, 'latin1')
}

/** A part of a record, with its length before it. */
export function sized(bytes: ByteString | null): ByteString {
  return bytes === null ? varint(-1) : varint(bytes.length) + bytes
}

export function varint(value: number): ByteString {
  const bytes = Buffer.alloc(5)
  return bytes.toString('latin1', 0, writeVarint(bytes, 0, value))
}

function varlong(value: number): ByteString {
  const bytes = Buffer.alloc(10)
  return bytes.toString('latin1', 0, writeVarlong(bytes, 0, value))
}
