import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallbackWithPromise, kListApis } from '@platformatic/kafka'
import { kafkaOptions } from '../test/kafka.ts'
import { anEvent } from './conformance.ts'
import { BatchConsumer } from './kafka/batch-consumer.ts'
import { readEvent } from './kafka/event-record.ts'
import { RecordCursor } from './kafka/record-cursor.ts'
import { openKafkaBus } from './kafka.ts'

/*
 * The broker of the tests speaks many versions of the protocol: brokers that speak the older ones
 * alone are what these tests take it for.
 */

type Apis = Parameters<Parameters<BatchConsumer[typeof kListApis]>[0]>[1]

/** A consumer that believes the broker to know no later version of the request for messages. */
class OldConsumer extends BatchConsumer {
  latest = 17

  override [kListApis](callback: CallbackWithPromise<NonNullable<Apis>>): void {
    super[kListApis]((error, apis) => {
      const known = apis?.map(api =>
        api.name === 'Fetch' ? { ...api, maxVersion: this.latest } : api,
      )
      callback(error, known)
    })
  }
}

async function openConsumer(latest: number) {
  const options = await kafkaOptions()
  await using bus = openKafkaBus(options)
  await bus.publish([1, 2, 3].map(anEvent))
  await using stack = new AsyncDisposableStack()
  const consumer = new OldConsumer({
    ...{ clientId: 'old', bootstrapBrokers: [...options.bootstrapServers] },
    // A broker that has just started has no coordinator of groups yet.
    ...{ groupId: options.consumer.groupId, retries: 30, retryDelay: 100 },
  })
  stack.defer(() => consumer.close(true))
  consumer.latest = latest
  const topics = [options.topics.events]
  const stream = await consumer.consume({ topics, mode: 'earliest', maxWaitTime: 100 })
  const owned = stack.move()
  return { stream, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

for (const version of [12, 13, 14, 15, 16, 17])
  test(`what a broker answers in version ${version} is read`, async () => {
    await using consumer = await openConsumer(version)
    const found: unknown[] = []
    for await (const { value } of consumer.stream) {
      const record = new RecordCursor(value.bytes)
      while (record.next()) found.push(readEvent(record).event)
      if (found.length === 3) break
    }
    const events = [1, 2, 3].map(anEvent)
    assert.deepEqual(new Set(found), new Set(events))
  })

test('a broker that is too old is told by its name', async () => {
  await using consumer = await openConsumer(11)
  await assert.rejects(Array.fromAsync(consumer.stream), /Apache Kafka 2.7/)
})
