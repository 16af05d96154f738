import { type EncodedMessage, encodeJobEvent } from '@cronos/contract'
import type { JobEvent } from '@cronos/domain'
import { isPlain, type PlainEvent } from './event-record.ts'
import { murmur2 } from './murmur2.ts'
import {
  type ByteString,
  bytesOf,
  NO_TIMESTAMP,
  type RecordParts,
  recordText,
} from './record-text.ts'

/** A message that is ready to be sent. */
export interface Message {
  readonly topic: string
  /** The partition, which is the remainder of this by the number of partitions that there are. */
  readonly slot: number
  /** The event, or the text of the record. */
  readonly content: PlainEvent | ByteString
  /** The time of the record, in milliseconds since 1970; null for that at which it is sent. */
  readonly timestamp: number | null
}

/** By how much the database's clock and that of this process may differ, in milliseconds. */
const MAX_OFF_MS = 1_800_000

/**
 * An event as a message of `topic`. A repeat goes to the partition beside that of its key: whoever
 * has that one may be full for an hour, or paused, and others may be idle.
 *
 * The time of its record is when it was published, which is for `readEvent` to read: an event that
 * does not tell has none, as this process's clock is not the database's. Nor has one that the two
 * clocks disagree about by far: a broker refuses what is an hour ahead of its own clock, drops soon
 * what is old, and the event is worth more than its time.
 *
 * @param nowMs this process's clock
 */
export function eventMessage(topic: string, event: JobEvent, nowMs: number): Message {
  const slot = slotOf(event.jobId) + repeats(event)
  const content = isPlain(event) ? event : recordText(encodeJobEvent(event))
  const { publishedAt = NO_TIMESTAMP } = event
  const isLikely = Math.abs(publishedAt - nowMs) <= MAX_OFF_MS
  return { topic, slot, content, timestamp: isLikely ? publishedAt : NO_TIMESTAMP }
}

/** A message of Cronos' own as a message of `topic`; its key decides on the partition. */
export function messageOf(topic: string, { key, value, headers }: EncodedMessage): Message {
  return messageOfBytes(topic, {
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headers.map(([name, text]) => [bytesOf(name), bytesOf(text)]),
  })
}

/** @param slot for a message that has no key */
export function messageOfBytes(topic: string, parts: RecordParts, slot = 0): Message {
  return {
    topic,
    slot: parts.key === null ? slot : slotOf(parts.key),
    content: recordText(parts),
    timestamp: null,
  }
}

/**
 * How often this attempt was dispatched before and nobody began it: a fence grows with each
 * dispatch, an attempt only with each start.
 */
function repeats({ fence, attempt }: JobEvent): number {
  return fence === null ? 0 : Math.max(0, fence - attempt)
}

/** As every Kafka client chooses the partition by the key. */
function slotOf(key: ByteString): number {
  return murmur2(key) & 0x7fffffff
}
