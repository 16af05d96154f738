import { Admin, type ClusterMetadata } from '@platformatic/kafka'
import { withDeadline } from './deadline.ts'
import { hasApiId, isUnknownTopic } from './faults.ts'
import type { KafkaBusOptions } from './options.ts'
import { growingRests } from './rest.ts'

/** The topics of the bus, and the way to ask whether a broker answers. */
export interface Topics extends AsyncDisposable {
  /**
   * Resolves when both topics are there and have leaders, however long that takes. Whoever starts
   * first creates them; that several do at once is fine.
   *
   * @throws {Error} when the bus is closed meanwhile
   */
  ready(): Promise<void>
  /** Looks again when somebody asks next: a topic was removed. */
  forget(): void
  /** Resolves when a broker answers and both topics have leaders; rejects with what is wrong. */
  check(): Promise<void>
}

const REQUEST_MS = 5_000
const CONNECT_MS = 2_000
/** A check is for a probe, which does not wait long. */
const CHECK_MS = 1_500
const REST = { baseMs: 100, maxMs: 2_000 }
/** A new topic takes a moment; what takes longer is worth a line, and another only after long. */
const SAY_AFTER_MS = 1_000
const SAY_AGAIN_MS = 30_000

export function openTopics(
  options: Pick<KafkaBusOptions, 'clientId' | 'bootstrapServers' | 'topics' | 'log'>,
): Topics {
  const { clientId, bootstrapServers, log } = options
  const { events, deadLetters, partitions, replicas } = options.topics
  const names = [events, deadLetters]
  const closing = new AbortController()
  const admin = new Admin({
    ...{ clientId, bootstrapBrokers: [...bootstrapServers] },
    ...{ retries: 0, connectTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
  })
  let ready: Promise<void> | undefined

  return {
    ready() {
      ready ??= waitForTopics()
      return ready
    },
    forget() {
      ready = undefined
    },
    async check() {
      await withDeadline('asking Kafka for its topics', CHECK_MS, findLeaders())
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await withDeadline('closing', CONNECT_MS, admin.close()).catch(error =>
        log.debug({ err: error }, 'a connection to Kafka was not closed in order'),
      )
    },
  }

  async function waitForTopics(): Promise<void> {
    const rests = growingRests(REST.baseMs, REST.maxMs)
    let sayAt = performance.now() + SAY_AFTER_MS
    for (;;) {
      if (closing.signal.aborted) throw new Error('the bus is closed')
      try {
        return await findOrCreate()
      } catch (error) {
        if (!closing.signal.aborted && performance.now() > sayAt) {
          sayAt = performance.now() + SAY_AGAIN_MS
          log.warn({ err: error, bootstrapServers }, 'Kafka is not there yet, trying again')
        }
      }
      await rests.next(closing.signal)
    }
  }

  async function findOrCreate(): Promise<void> {
    for (const topic of names) {
      try {
        await findLeaders([topic])
      } catch (error) {
        if (!isUnknownTopic(error)) throw error
        await create(topic)
      }
    }
    await findLeaders()
  }

  async function create(topic: string): Promise<void> {
    try {
      await admin.createTopics({ topics: [topic], partitions, replicas })
      log.info({ topic, partitions }, 'created a topic')
    } catch (error) {
      if (!hasApiId(error, ['TOPIC_ALREADY_EXISTS'])) throw error // another process was quicker
    }
  }

  async function findLeaders(topics: readonly string[] = names): Promise<void> {
    const found: ClusterMetadata = await admin.metadata({ topics: [...topics], forceUpdate: true })
    for (const topic of topics) {
      const known = found.topics.get(topic)
      if (known === undefined) throw new Error(`Unknown topic ${topic}.`)
      if (!known.partitions.every(({ leader }) => found.brokers.has(leader)))
        throw new Error(`topic ${topic} has a partition without a leader`)
    }
  }
}
