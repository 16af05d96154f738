import { type EncodedMessage, encodeJobEvent } from '@cronos/contract'
import type { JobEvent } from '@cronos/domain'
import { murmur2 } from './murmur2.ts'
import type { Message } from './publisher.ts'

/** An event as a message of `topic`. */
export function eventMessage(topic: string, event: JobEvent): Message {
  const { key, value, headers } = encodeJobEvent(event)
  const bytes = Buffer.from(key)
  return {
    ...{ topic, key: bytes, value: Buffer.from(value), headers: toHeaders(headers) },
    partition: partitionOf(bytes, repeats(event)),
  }
}

/** A message of Cronos' own as a message of `topic`; its key decides on the partition. */
export function messageOf(topic: string, { key, value, headers }: EncodedMessage): Message {
  return {
    topic,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: toHeaders(headers),
  }
}

/** The few names that headers have, as they are sent. */
const names = new Map<string, Buffer>()

function toHeaders(headers: EncodedMessage['headers']): Map<Buffer, Buffer> {
  const sent = new Map<Buffer, Buffer>()
  for (const [name, value] of Object.entries(headers)) {
    const bytes = names.get(name) ?? Buffer.from(name)
    names.set(name, bytes)
    sent.set(bytes, Buffer.from(value))
  }
  return sent
}

/**
 * How often this attempt was dispatched before and nobody began it: a fence grows with each
 * dispatch, an attempt only with each start.
 */
function repeats({ fence, attempt }: JobEvent): number {
  return fence === null ? 0 : Math.max(0, fence - attempt)
}

/**
 * The partition as every Kafka client chooses it by the key, and for a repeat the one beside: whoever
 * has the first one may be full for an hour, or paused, and others may be idle. A remainder by the
 * number of partitions is taken by the client.
 */
function partitionOf(key: Buffer, repeats: number): number {
  return (murmur2(key) & 0x7fffffff) + repeats
}
