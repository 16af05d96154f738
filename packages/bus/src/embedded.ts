import type { JobEvent } from '@cronos/domain'
import type { Bus, Delivery, DeliveryHandler, SubscribeOptions, Subscription } from './bus.ts'

/** Events that wait for a subscriber at most; the dispatch window keeps far below it. */
const MAX_WAITING = 100_000

interface Subscriber {
  readonly handler: DeliveryHandler
  readonly options: SubscribeOptions
  readonly unsettled: Set<Delivery>
}

/**
 * The bus of a process that is scheduler and executor in one: a queue in memory. What is lost with
 * the process is dispatched again when its lease ends, as with any bus.
 */
export function openEmbeddedBus(): Bus {
  let waiting: JobEvent[] = []
  const subscribers = new Set<Subscriber>()
  let scheduled = false

  return {
    get backlog() {
      let unsettled = 0
      for (const subscriber of subscribers) unsettled += subscriber.unsettled.size
      return waiting.length + unsettled
    },
    publish: events => {
      if (waiting.length + events.length > MAX_WAITING)
        return Promise.reject(
          new Error(`the embedded bus holds ${waiting.length} events and takes no more`),
        )
      waiting.push(...events)
      deliverSoon()
      return Promise.resolve()
    },
    publishDeadLetters: () => Promise.resolve(),
    check: () => Promise.resolve(),
    subscribe: (handler, options) => {
      const subscriber: Subscriber = { handler, options, unsettled: new Set() }
      subscribers.add(subscriber)
      deliverSoon()
      return Promise.resolve(subscriptionOf(subscriber))
    },
    [Symbol.asyncDispose]: () => {
      waiting = []
      subscribers.clear()
      return Promise.resolve()
    },
  }

  function deliverSoon(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      deliver()
    })
  }

  function deliver(): void {
    for (const subscriber of subscribers) {
      const room = subscriber.options.maxUnsettled - subscriber.unsettled.size
      if (room <= 0 || waiting.length === 0) continue
      const events = waiting.slice(0, room)
      waiting = waiting.slice(room)
      const deliveries = events.map(event => deliveryOf(subscriber, event))
      for (const delivery of deliveries) subscriber.unsettled.add(delivery)
      subscriber.handler(deliveries)
    }
  }

  function deliveryOf(subscriber: Subscriber, event: JobEvent): Delivery {
    const delivery: Delivery = {
      event,
      settle() {
        if (subscriber.unsettled.delete(delivery) && waiting.length > 0) deliverSoon()
      },
    }
    return delivery
  }

  function subscriptionOf(subscriber: Subscriber): Subscription {
    const { promise, resolve } = Promise.withResolvers<void>()
    return {
      done: promise,
      [Symbol.asyncDispose]: () => {
        if (subscribers.delete(subscriber)) {
          waiting.unshift(...Array.from(subscriber.unsettled, delivery => delivery.event))
          subscriber.unsettled.clear()
          deliverSoon()
        }
        resolve()
        return Promise.resolve()
      },
    }
  }
}
