import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as rest } from 'node:timers/promises'
import type { JobEvent } from '@cronos/domain'
import { startTestKafka } from '@cronos/testkit'
import { kafkaOptions, untilItWorks } from '../test/kafka.ts'
import type { Bus } from './bus.ts'
import { anEvent, openInbox } from './conformance.ts'
import { openKafkaBus } from './kafka.ts'

/*
 * A broker of this file's own, that is killed with -9 and started again.
 */

const kafka = await startTestKafka()
after(() => kafka[Symbol.asyncDispose]())
const bootstrapServers = [kafka.bootstrapServers]

test('broker killed and started again under publish and consume: nothing acknowledged is lost', async () => {
  await using bus = openKafkaBus(await kafkaOptions({ bootstrapServers }))
  await using inbox = await openInbox(bus, 500)
  const settling = settleAll(inbox)
  await untilItWorks(bus)
  await using sender = startSender(bus)
  for (let round = 0; round < 2; round++) {
    await sender.acknowledged(sender.fences.size + 200)
    await kafka.kill()
    await sender.refused()
    await kafka.start()
  }
  await sender.acknowledged(sender.fences.size + 200)
  await sender[Symbol.asyncDispose]()
  const missing = () => {
    const seen = new Set(inbox.deliveries.map(each => Number(each.event.fence)))
    return [...sender.fences].filter(fence => !seen.has(fence))
  }
  while (missing().length > 0) await inbox.quiet()
  settling.stop()
  const repeats = inbox.deliveries.length - sender.fences.size
  assert.ok(repeats < sender.fences.size, `${repeats} repeats of ${sender.fences.size} events`)
})

test('broker away when the bus is opened: what is published fails in time, and goes on when it is there', async () => {
  await kafka.kill()
  const options = await kafkaOptions({ bootstrapServers, producer: { deliveryTimeoutMs: 300 } })
  await using bus = openKafkaBus(options)
  await using inbox = await openInbox(bus, 10)
  await assert.rejects(bus.publish([anEvent(1)]), /took longer than 300 ms|connect/i)
  await assert.rejects(bus.check())
  await kafka.start()
  await untilItWorks(bus)
  await untilPublished(bus, anEvent(2)) // 300 ms are little for the first send on a busy machine
  await inbox.received(1)
})

test('broker that takes connections and never answers: a send fails in time, and so does a check', async () => {
  await using silent = await startSilentBroker()
  const options = await kafkaOptions({
    bootstrapServers: [silent.address],
    producer: { deliveryTimeoutMs: 300 },
  })
  await using bus = openKafkaBus(options)
  await assert.rejects(bus.publish([anEvent(1)]), { name: 'DeadlineError' })
  await assert.rejects(bus.check(), { name: 'DeadlineError' })
})

test('broker restarted while nothing happens: the next event arrives', async () => {
  await using bus = openKafkaBus(await kafkaOptions({ bootstrapServers }))
  await using inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await kafka.kill()
  await kafka.start()
  await untilPublished(bus, anEvent(1))
  await inbox.received(1)
})

/** Publishes one batch after the other, each event once, and knows which were acknowledged. */
function startSender(bus: Bus) {
  const fences = new Set<number>()
  let next = 0
  let isStopped = false
  let refusals = 0
  const done = send()
  return {
    fences,
    async acknowledged(count: number): Promise<void> {
      while (fences.size < count) await rest(5)
    },
    /** Resolves when a batch is refused from now on. */
    async refused(): Promise<void> {
      const before = refusals
      while (refusals === before) await rest(5)
    },
    async [Symbol.asyncDispose]() {
      isStopped = true
      await done
    },
  }

  async function send(): Promise<void> {
    while (!isStopped) {
      const batch = Array.from({ length: 10 }, () => anEvent(next++))
      try {
        await bus.publish(batch)
        for (const { fence } of batch) fences.add(Number(fence))
      } catch {
        refusals++
      }
      await rest(2)
    }
  }
}

/** Settles what comes, so that there is always room. */
function settleAll(inbox: Awaited<ReturnType<typeof openInbox>>) {
  const timer = setInterval(() => {
    for (const delivery of inbox.deliveries) delivery.settle()
  }, 10)
  return { stop: () => clearInterval(timer) }
}

async function untilPublished(bus: Bus, event: JobEvent): Promise<void> {
  for (;;) {
    const isTaken = await bus.publish([event]).then(
      () => true,
      () => false,
    )
    if (isTaken) return
  }
}

async function startSilentBroker() {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
