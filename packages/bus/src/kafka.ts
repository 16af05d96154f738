import { encodeDeadLetter } from '@cronos/contract'
import type { Bus } from './bus.ts'
import { eventMessage, messageOf } from './kafka/messages.ts'
import type { KafkaBusOptions } from './kafka/options.ts'
import { openPublisher } from './kafka/publisher.ts'
import { type KafkaSubscription, openSubscription } from './kafka/subscription.ts'
import { openTopics } from './kafka/topics.ts'

/**
 * The bus of many processes: Apache Kafka. Opening it does not wait for a broker: what is published
 * waits for one as long as a send may take, and a subscription until there is one.
 */
export function openKafkaBus(options: KafkaBusOptions): Bus {
  const topics = openTopics(options)
  const publisher = openPublisher(options, topics)
  const subscriptions = new Set<KafkaSubscription>()
  const { events, deadLetters } = options.topics
  topics.ready().catch(() => {}) // created by whoever comes first; it fails only where the bus is closed

  return {
    backlog: null,
    publish: all => {
      const nowMs = Date.now()
      return publisher.send(all.map(event => eventMessage(events, event, nowMs)))
    },
    publishDeadLetters: letters =>
      publisher.send(letters.map(letter => messageOf(deadLetters, encodeDeadLetter(letter)))),
    subscribe(handler, how) {
      const subscription = openSubscription(handler, how, { options, topics, publisher })
      subscriptions.add(subscription)
      return Promise.resolve({
        done: subscription.done,
        async [Symbol.asyncDispose]() {
          subscriptions.delete(subscription)
          await subscription[Symbol.asyncDispose]()
        },
      })
    },
    async check() {
      await topics.check()
      for (const { trouble } of subscriptions) if (trouble !== null) throw trouble
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Array.from(subscriptions, each => each[Symbol.asyncDispose]()))
      await publisher[Symbol.asyncDispose]()
      await topics[Symbol.asyncDispose]()
    },
  }
}
