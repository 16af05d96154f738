import { type EncodedMessage, encodeJobEvent } from '@cronos/contract'
import type { JobEvent } from '@cronos/domain'
import { murmur2 } from '@platformatic/kafka'
import type { Message } from './publisher.ts'

/** An event as a message of `topic`. */
export function eventMessage(topic: string, event: JobEvent): Message {
  const message = messageOf(topic, encodeJobEvent(event))
  return { ...message, partition: partitionOf(message.key!, repeats(event)) }
}

/** A message of Cronos' own as a message of `topic`; its key decides on the partition. */
export function messageOf(topic: string, { key, value, headers }: EncodedMessage): Message {
  return {
    topic,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(Object.entries(headers).map(pair => pair.map(toBuffer) as [Buffer, Buffer])),
  }
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

function toBuffer(text: string): Buffer {
  return Buffer.from(text)
}
