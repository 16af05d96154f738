import { ProduceAcks } from '@platformatic/kafka'
import { BatchProducer, type SetToProduce } from './batch-producer.ts'
import { withDeadline } from './deadline.ts'
import { isUnknownTopic } from './faults.ts'
import type { Message } from './messages.ts'
import type { KafkaBusOptions } from './options.ts'
import { setOf } from './record-set.ts'
import type { Topics } from './topics.ts'

/** Sends messages to Kafka. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when Kafka has acknowledged all of them.
   *
   * @throws when it has not, or not in time; some or all may be stored all the same
   */
  send(messages: readonly Message[]): Promise<void>
}

/** Messages of one request at most. */
const MAX_BATCH = 2_000
const CONNECT_MS = 2_000
const CLOSE_MS = 2_000

const ACKS = {
  all: ProduceAcks.ALL,
  '1': ProduceAcks.LEADER,
  '0': ProduceAcks.NO_RESPONSE,
} as const

interface Waiting {
  readonly messages: readonly Message[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * One request at a time is under way, and what comes meanwhile makes the next one: batches grow with
 * the load by themselves, and the numbers that make sends idempotent are never taken by two at once.
 */
export function openPublisher(
  options: Pick<KafkaBusOptions, 'clientId' | 'bootstrapServers' | 'producer' | 'log'>,
  topics: Topics,
): Publisher {
  const { producer: how, log } = options
  let waiting: Waiting[] = []
  let isSending = false
  let sending = Promise.resolve()
  let isClosed = false
  let producer: BatchProducer | undefined

  connect().catch(error => log.debug({ err: error }, 'not connected yet; the first send will be'))
  return {
    send(messages) {
      if (messages.length === 0) return Promise.resolve()
      if (isClosed) return Promise.reject(new Error('the bus is closed'))
      return new Promise((resolve, reject) => {
        waiting.push({ messages, resolve, reject })
        if (!isSending) sending = sendAll()
      })
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await sending
      await replace()
    },
  }

  async function sendAll(): Promise<void> {
    isSending = true
    while (waiting.length > 0) {
      const batch = takeBatch()
      const messages = batch.flatMap(each => each.messages)
      try {
        await withDeadline('sending to Kafka', how.deliveryTimeoutMs, sendBatch(messages))
        for (const each of batch) each.resolve()
      } catch (error) {
        for (const each of batch) each.reject(error)
        if (isUnknownTopic(error)) topics.forget()
        // Its connection may hang and its numbers may be out of step: what comes next begins anew.
        replace()
      }
    }
    isSending = false // in the same breath as the look at what waits: nothing comes in between
  }

  function takeBatch(): Waiting[] {
    let size = 0
    const beyond = waiting.findIndex(({ messages }) => {
      size += messages.length
      return size > MAX_BATCH
    })
    const count = beyond === -1 ? waiting.length : Math.max(1, beyond)
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return batch
  }

  /** Ahead of the first send, which would take a fifth of a second: it may well be a job's. */
  async function connect(): Promise<void> {
    await topics.ready()
    if (isClosed || producer !== undefined) return
    producer = openProducer()
    await Promise.all([
      producer.connectToBrokers(),
      how.idempotent ? producer.initIdempotentProducer({}) : undefined,
    ])
  }

  async function sendBatch(messages: readonly Message[]): Promise<void> {
    await topics.ready()
    producer ??= openProducer()
    const sets = await setsOf(producer, messages)
    await producer.send({ messages: sets, acks: ACKS[how.acks] })
  }

  function openProducer(): BatchProducer {
    const { clientId, bootstrapServers } = options
    return new BatchProducer({
      ...{ clientId, bootstrapBrokers: [...bootstrapServers], connectTimeout: CONNECT_MS },
      idempotent: how.idempotent,
      retries: retriesFor(how),
      retryDelay: how.retryBackoffMs,
      requestTimeout: how.deliveryTimeoutMs,
      timeout: how.deliveryTimeoutMs,
    })
  }

  async function replace(): Promise<void> {
    const old = producer
    producer = undefined
    if (old === undefined) return
    await withDeadline('closing', CLOSE_MS, old.close(true)).catch(error =>
      log.debug({ err: error }, 'a producer was not closed in order'),
    )
  }
}

/** A set of records for each partition that one of the messages goes to. */
async function setsOf(
  producer: BatchProducer,
  messages: readonly Message[],
): Promise<SetToProduce[]> {
  const byTopic = Map.groupBy(messages, message => message.topic)
  const { topics } = await producer.metadata({ topics: [...byTopic.keys()] })
  return [...byTopic].flatMap(([topic, ofTopic]) => {
    const { partitionsCount } = topics.get(topic)!
    const byPartition = Map.groupBy(ofTopic, ({ slot }) => slot % partitionsCount)
    return Array.from(byPartition, ([partition, ofPartition]) => ({
      ...{ topic, partition },
      value: setOf(ofPartition),
    }))
  })
}

/**
 * As the client wants to be told: an idempotent one reads 0 and 1 as "for ever", but takes `false`
 * for none, and has no word for one.
 */
function retriesFor({ retries, idempotent }: KafkaBusOptions['producer']): number | false {
  if (retries === 0) return false
  return idempotent ? Math.max(retries, 2) : retries
}
