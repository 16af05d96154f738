import { isRefusedMessage } from './faults.ts'
import { messageOfBytes } from './messages.ts'
import type { BusLog } from './options.ts'
import type { Publisher } from './publisher.ts'
import { type ByteString, bytesOf, type RecordParts } from './record-text.ts'
import { growingRests } from './rest.ts'

/** A message as it was read. */
export interface RawMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[]
}

export interface SetAsideDeps {
  readonly publisher: Publisher
  readonly deadLetters: string
  readonly log: BusLog
  /** Aborts when nobody waits for the outcome any more. */
  readonly signal: AbortSignal
}

const REST = { baseMs: 200, maxMs: 30_000 }
/** Of a value that no topic takes, so much is logged. */
const MAX_LOGGED_BYTES = 1_000

/**
 * Puts a message that cannot be read on the dead-letter topic: its key, bytes and headers unchanged,
 * and headers beside them that say why and where it stood. Resolves when it need not be kept any
 * longer.
 *
 * A topic that cannot be written to is tried for as long as it takes: meanwhile only the committed
 * offset waits, not the partition. A message that the topic refuses for good, being too large for
 * it, is referred to instead: its bytes stand where they stood.
 *
 * @throws the signal's reason when it aborts; the message will be read again
 */
export async function setAside(
  message: RawMessage,
  reason: string,
  { publisher, deadLetters, log, signal }: SetAsideDeps,
): Promise<void> {
  const { topic, partition, offset } = message
  const origin = { topic, partition, offset: String(offset) }
  log.warn({ ...origin, reason }, 'an event cannot be read and is set aside')
  const rests = growingRests(REST.baseMs, REST.maxMs)
  let letter = letterOf(message, reason)
  let isReference = false
  for (;;) {
    signal.throwIfAborted()
    try {
      return await publisher.send([messageOfBytes(deadLetters, letter, partition)])
    } catch (error) {
      if (!isRefusedMessage(error)) {
        log.warn({ err: error, ...origin }, 'an event was not set aside, trying again')
        await rests.next(signal)
      } else if (!isReference) {
        isReference = true
        letter = referenceTo(letter)
      } else {
        const value = message.value?.subarray(0, MAX_LOGGED_BYTES).toString('base64')
        log.error({ err: error, ...origin, value }, 'no dead letter is taken: the event is skipped')
        return
      }
    }
  }
}

function letterOf(message: RawMessage, reason: string): RecordParts {
  const { topic, partition, offset, key, value } = message
  const own = {
    'cronos-dead-letter': 'event',
    'cronos-reason': reason,
    'cronos-origin-topic': topic,
    'cronos-origin-partition': String(partition),
    'cronos-origin-offset': String(offset),
  }
  return {
    key: latin1(key),
    value: latin1(value),
    headers: [
      ...message.headers.map(([name, value]) => [latin1(name) ?? '', latin1(value)] as const),
      ...Object.entries(own).map(([name, text]) => [name, bytesOf(text)] as const),
    ],
  }
}

/** The same letter without its bytes. */
function referenceTo({ headers }: RecordParts): RecordParts {
  const ours = headers.filter(([name]) => name.startsWith('cronos-'))
  return { key: null, value: null, headers: [...ours, ['cronos-value', 'left']] }
}

function latin1(bytes: Buffer | null): ByteString | null {
  return bytes?.toString('latin1') ?? null
}
