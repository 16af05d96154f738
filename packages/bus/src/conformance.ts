import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fence, type Instant, type JobEvent, jobIdOf } from '@cronos/domain'
import type { Bus, Delivery } from './bus.ts'

/** Opens a bus that nobody else uses, with nothing on it. */
export type OpenBus = () => Promise<Bus>

/**
 * What every bus must do, as tests: both implementations run them.
 *
 * @param name the implementation, as it stands in the tests' names
 */
export function testBus(name: string, open: OpenBus): void {
  test(`${name}: an event that was published is delivered as it was`, async () => {
    await using bus = await open()
    await using inbox = await openInbox(bus, 10)
    await bus.publish([anEvent(1)])
    const [delivery] = await inbox.received(1)
    assert.deepEqual(delivery?.event, anEvent(1))
  })

  test(`${name}: when an event was published arrives with it, where it is known`, async () => {
    await using bus = await open()
    await using inbox = await openInbox(bus, 10)
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    // About now: a broker may refuse what is of tomorrow, and soon drops what is of last week.
    const now = Date.now()
    const at = (ms: number) => ({ publishedAt: (now + ms) as Instant })
    const events: JobEvent[] = [
      { ...anEvent(1), ...at(456) },
      { ...anEvent(2), ...at(455) },
      { ...anEvent(3), ...at(9_999), traceparent },
      anEvent(4),
    ]
    await bus.publish(events)
    const delivered = (await inbox.received(4)).map(each => each.event)
    assert.deepEqual(
      delivered.toSorted((a, b) => a.fence! - b.fence!),
      events,
    )
  })

  test(`${name}: what is published before anybody subscribes is delivered to the first`, async () => {
    await using bus = await open()
    await bus.publish([anEvent(1), anEvent(2)])
    await using inbox = await openInbox(bus, 10)
    assert.equal((await inbox.received(2)).length, 2)
  })

  test(`${name}: no more is delivered than the subscriber can hold, and settling makes room`, async () => {
    await using bus = await open()
    await using inbox = await openInbox(bus, 2)
    await bus.publish(Array.from({ length: 6 }, (_, n) => anEvent(n)))
    const first = await inbox.received(2)
    await inbox.quiet()
    assert.equal(inbox.deliveries.length, 2)
    for (const delivery of first) delivery.settle()
    await inbox.received(4)
    for (const delivery of inbox.deliveries) delivery.settle()
    await inbox.received(6)
    const fences = inbox.deliveries.map(each => each.event.fence)
    assert.equal(new Set(fences).size, 6)
  })

  test(`${name}: settling twice makes room once`, async () => {
    await using bus = await open()
    await using inbox = await openInbox(bus, 1)
    await bus.publish([anEvent(1), anEvent(2), anEvent(3)])
    const [first] = await inbox.received(1)
    first?.settle()
    first?.settle()
    await inbox.received(2)
    await inbox.quiet()
    assert.equal(inbox.deliveries.length, 2)
  })

  test(`${name}: what a subscriber leaves unsettled is delivered to the next`, async () => {
    await using bus = await open()
    const events = [anEvent(1), anEvent(2)]
    {
      await using inbox = await openInbox(bus, 10)
      await bus.publish(events)
      await inbox.received(2)
    }
    await using next = await openInbox(bus, 10)
    const fences = (await next.received(2)).map(each => each.event.fence)
    assert.deepEqual(fences.toSorted(), [1, 2])
  })

  test(`${name}: two subscribers share what is published`, async () => {
    await using bus = await open()
    await using one = await openInbox(bus, 1_000)
    await using other = await openInbox(bus, 1_000)
    await bus.publish(Array.from({ length: 100 }, (_, n) => anEvent(n)))
    const seen = () =>
      new Set([...one.deliveries, ...other.deliveries].map(each => each.event.fence))
    while (seen().size < 100) await one.quiet() // some may come to both
    assert.equal(seen().size, 100)
  })

  test(`${name}: dead letters are taken, and the bus says that it works`, async () => {
    await using bus = await open()
    const letter = { ...anEvent(1), attempts: 3, jobVersion: 1, failedAt: anEvent(1).scheduledAt }
    await bus.publishDeadLetters([{ ...letter, error: { name: 'Error', message: 'away' } }])
    await bus.check()
  })
}

/** The event of the n-th of some jobs; its fence tells it from the others. */
export function anEvent(n: number): JobEvent {
  const uuid = `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
  const scheduledAt = 1_795_000_000_123 as Instant
  return { jobId: jobIdOf(uuid), scheduledAt, attempt: 1, fence: n as Fence }
}

/** Subscribes and keeps what comes. */
export async function openInbox(bus: Bus, maxUnsettled: number) {
  const deliveries: Delivery[] = []
  let onDelivery = () => {}
  const subscription = await bus.subscribe(
    more => {
      deliveries.push(...more)
      onDelivery()
    },
    { maxUnsettled },
  )
  return {
    deliveries,
    done: subscription.done,
    /** Resolves when so many deliveries have come. */
    async received(count: number): Promise<Delivery[]> {
      while (deliveries.length < count) {
        await new Promise<void>(resolve => {
          onDelivery = resolve
        })
      }
      return deliveries
    },
    /** Gives the bus time to deliver what it must not. */
    quiet: () => new Promise(resolve => setTimeout(resolve, 50)),
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  }
}
