import type { DeliveryHandler, SubscribeOptions, Subscription } from '../bus.ts'
import { BatchConsumer } from './batch-consumer.ts'
import { DeadlineError, withDeadline } from './deadline.ts'
import { isUnknownTopic, isUnusable } from './faults.ts'
import type { KafkaBusOptions } from './options.ts'
import type { Publisher } from './publisher.ts'
import { growingRests } from './rest.ts'
import { openSession, type Session } from './session.ts'
import { type RawMessage, setAside } from './set-aside.ts'
import type { Topics } from './topics.ts'

/** A subscription that says how it is. */
export interface KafkaSubscription extends Subscription {
  /** Null while it reads; else why not. */
  readonly trouble: Error | null
}

export interface SubscriptionDeps {
  readonly options: Omit<KafkaBusOptions, 'producer'>
  readonly topics: Topics
  readonly publisher: Publisher
}

/** A broker that is back is found soon; asking whether it is costs next to nothing. */
const REST = { baseMs: 100, maxMs: 500 }
const SAY_AGAIN_MS = 30_000
const CONNECT_MS = 2_000
/** Joining waits for the other members; beyond the group's own limits it hangs. */
const JOIN_SLACK_MS = 10_000
const CLOSE_MS = 3_000
/** A client that fails to join so often, though the broker answers, is thrown away. */
const MAX_FAILURES = 5
/** A member learns with its heartbeat that partitions are dealt out again: joining takes so long. */
const HEARTBEAT_MS = 1_000
/** The client repeats a request so often before it says that it failed. */
const RETRIES = { retries: 3, retryDelay: 200 }

/**
 * Subscribes, and stays subscribed: a reading that breaks is begun again, with the same client as
 * long as that is of use, since a new one would have to wait until the group has forgotten the old.
 */
export function openSubscription(
  handler: DeliveryHandler,
  { maxUnsettled }: SubscribeOptions,
  { options, topics, publisher }: SubscriptionDeps,
): KafkaSubscription {
  const { consumer: how, log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  /** Deliveries that are not settled, of this session and of those before it. */
  let held = 0
  let session: Session | undefined
  let trouble: Error | null = new Error('the group is not joined yet')
  let isStarved = false

  const done = keepReading()
  done.catch(() => {}) // `done` still rejects for its owner; Node only learns that it has one
  return {
    done,
    get trouble() {
      return trouble
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await done.catch(() => {}) // its owner has been told by `done`
    },
  }

  async function keepReading(): Promise<void> {
    const rests = growingRests(REST.baseMs, REST.maxMs)
    let consumer: BatchConsumer | undefined
    let failures = 0
    let failuresOfClient = 0
    let saidAt = Number.NEGATIVE_INFINITY
    const joined = () => {
      if (failures > 0) log.info({ failures }, 'reading events again')
      failures = 0
      failuresOfClient = 0
      saidAt = Number.NEGATIVE_INFINITY
      rests.reset()
    }
    try {
      while (!signal.aborted) {
        try {
          await unlessStopped(topics.ready())
          if (failures > 0) await unlessStopped(askBroker())
          if (signal.aborted) return
          consumer ??= openConsumer()
          failuresOfClient++
          await read(consumer, joined)
        } catch (error) {
          if (signal.aborted) return
          if (isUnusable(error)) throw error
          failures++
          trouble = error instanceof Error ? error : new Error(String(error))
          if (isUnknownTopic(error)) topics.forget()
          if (performance.now() - saidAt > SAY_AGAIN_MS) {
            saidAt = performance.now()
            log.warn({ err: error }, 'reading events broke off, beginning again')
          }
          const isStuck = error instanceof DeadlineError || failuresOfClient >= MAX_FAILURES
          if (consumer !== undefined && isStuck) {
            await close(consumer)
            consumer = undefined
            failuresOfClient = 0
          }
        }
        await rests.next(signal)
      }
    } finally {
      trouble ??= new Error('the subscription has ended')
      if (consumer !== undefined) await close(consumer)
    }
  }

  /** A broker that is away is no fault of the client's, which is worth keeping meanwhile. */
  async function askBroker(): Promise<void> {
    try {
      await topics.check()
    } catch (error) {
      throw new Error('Kafka does not answer', { cause: error })
    }
  }

  /** Reads until that breaks off or the subscription stops. */
  async function read(consumer: BatchConsumer, joined: () => void): Promise<void> {
    const limit = how.maxPollIntervalMs + how.sessionTimeoutMs + JOIN_SLACK_MS
    const { topics: names } = options
    const opening = openSession({
      ...{ consumer, options: how, log, putAside, settled, topic: names.events },
      handOver: deliveries => {
        held += deliveries.length
        handler(deliveries)
      },
      room: () => {
        const room = maxUnsettled - held
        isStarved = room <= 0
        return room
      },
    })
    const opened = await unlessStopped(withDeadline('joining the group', limit, opening))
    if (opened === undefined) {
      // Whoever leaves while joining stays a member, and keeps its partitions for a session timeout.
      const late = await withDeadline('joining the group', CLOSE_MS, opening).catch(() => undefined)
      await late?.[Symbol.asyncDispose]()
      return
    }
    await using current = opened
    session = current
    trouble = null
    joined()
    current.pump()
    await unlessStopped(current.ended)
  }

  function settled(): void {
    held--
    if (!isStarved) return
    isStarved = false
    setImmediate(() => session?.pump()) // once for all that are settled together
  }

  function putAside(message: RawMessage, reason: string, settle: () => void): void {
    const { topics: names } = options
    setAside(message, reason, { publisher, deadLetters: names.deadLetters, log, signal })
      .then(settle)
      .catch(error => {
        if (!signal.aborted) log.error({ err: error }, 'an event was not set aside; it is kept')
      })
  }

  function openConsumer(): BatchConsumer {
    const { clientId, bootstrapServers } = options
    const consumer = new BatchConsumer({
      ...{ clientId, bootstrapBrokers: [...bootstrapServers], connectTimeout: CONNECT_MS },
      ...{ ...RETRIES, groupId: how.groupId, autocommit: false },
      sessionTimeout: how.sessionTimeoutMs,
      rebalanceTimeout: how.maxPollIntervalMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, Math.floor(how.sessionTimeoutMs / 3)),
      heartbeatStallTimeout: how.sessionTimeoutMs * 2,
      // Only the partitions that move are taken away; the others go on being read.
      protocols: [{ name: 'cooperative-sticky', version: 1 }],
    })
    // Also between two readings: an error that nobody listens for ends the process.
    consumer.on('error', error => log.debug({ err: error }, 'the client of the group says'))
    return consumer
  }

  /** Leaves the group. */
  async function close(consumer: BatchConsumer): Promise<void> {
    await withDeadline('leaving the group', CLOSE_MS, consumer.close(true)).catch(error =>
      log.debug({ err: error }, 'a member did not leave in order; the group will forget it'),
    )
  }

  /** @returns undefined when the subscription stops first */
  async function unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    if (signal.aborted) return undefined
    const stopped = Promise.withResolvers<undefined>()
    const stop = () => stopped.resolve(undefined)
    signal.addEventListener('abort', stop)
    try {
      return await Promise.race([work, stopped.promise])
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}
