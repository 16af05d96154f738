import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as rest } from 'node:timers/promises'
import { type Fence, type Instant, type JobEvent, jobIdOf } from '@cronos/domain'
import { kafkaOptions, untilItWorks } from '../test/kafka.ts'
import { openTopicReader } from '../test/topic-reader.ts'
import { anEvent, openInbox, testBus } from './conformance.ts'
import { openKafkaBus } from './kafka.ts'

testBus('kafka', async () => openKafkaBus(await kafkaOptions()))

const fences = (deliveries: readonly { event: JobEvent }[]) =>
  deliveries.map(each => each.event.fence!).toSorted((a, b) => a - b)

test('an event stands on the topic with its job as the key and the three fields as its value', async () => {
  const options = await kafkaOptions()
  await using bus = openKafkaBus(options)
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await bus.publish([{ ...anEvent(7), traceparent }])
  await using reader = openTopicReader(options, options.topics.events)
  const [message] = await reader.received(1)
  assert.equal(message!.key, 'job_00000000-0000-7000-8000-000000000007')
  assert.deepEqual(JSON.parse(message!.value!.toString()), {
    jobId: 'job_00000000-0000-7000-8000-000000000007',
    attempt: 1,
    scheduledAt: '2026-11-18T11:06:40.123Z',
  })
  assert.deepEqual(message!.headers, {
    'cronos-run-id': 'run_00000000-0000-7000-8000-000000000007_1795000000123',
    'cronos-fence': '7',
    traceparent,
  })
})

test('an event of another system with the three fields alone is delivered, without a fence', async () => {
  const options = await kafkaOptions()
  await using bus = openKafkaBus(options)
  await using inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await using reader = openTopicReader(options, options.topics.events)
  const { jobId, scheduledAt } = anEvent(1)
  await reader.write(JSON.stringify({ jobId, attempt: 2, scheduledAt: 1_795_000_000.123, x: 1 }))
  const [delivery] = await inbox.received(1)
  // When the other system wrote it is not when a scheduler published it.
  assert.deepEqual(delivery!.event, { jobId, scheduledAt, attempt: 2, fence: null })
})

test('an event is delivered without its time where the clocks are so far apart that a broker might refuse it', async () => {
  await using bus = openKafkaBus(await kafkaOptions())
  await using inbox = await openInbox(bus, 10)
  const hours = [-240, -1, 1, 2, 240]
  const now = Date.now()
  const events = hours.map((hour, n) => ({
    ...{ ...anEvent(n), publishedAt: (now + hour * 3_600_000) as Instant },
  }))
  for (const event of events) await bus.publish([event])
  const delivered = (await inbox.received(events.length)).map(each => each.event)
  assert.deepEqual(
    delivered.toSorted((a, b) => a.fence! - b.fence!),
    hours.map((_, n) => anEvent(n)),
  )
})

test('events of another system may be compressed', async () => {
  const options = await kafkaOptions({ topics: { partitions: 1 } })
  await using bus = openKafkaBus(options)
  await using inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await using reader = openTopicReader(options, options.topics.events)
  const { jobId, scheduledAt } = anEvent(1)
  const compressions = ['gzip', 'lz4', 'snappy', 'zstd'] as const
  for (const [index, compression] of compressions.entries()) {
    const value = { jobId, scheduledAt: scheduledAt / 1_000, attempt: index + 1 }
    await reader.write(JSON.stringify(value), { compression })
  }
  const deliveries = await inbox.received(4)
  assert.deepEqual(
    deliveries.map(each => each.event),
    [1, 2, 3, 4].map(attempt => ({ jobId, scheduledAt, attempt, fence: null })),
  )
})

test('the events of a job share a partition, and a repeated dispatch goes to the one beside', async () => {
  const options = await kafkaOptions()
  await using bus = openKafkaBus(options)
  const first = { ...anEvent(1), fence: 1 as Fence }
  const again = { ...first, fence: 2 as Fence }
  const retry = { ...first, fence: 2 as Fence, attempt: 2 }
  await bus.publish([first, again, retry])
  await using reader = openTopicReader(options, options.topics.events)
  const found = await reader.received(3)
  const partitionOf = (attempt: number, fence: number) =>
    found.find(({ value, headers }) => {
      const event: { attempt: number } = JSON.parse(value!.toString())
      return event.attempt === attempt && headers['cronos-fence'] === String(fence)
    })!.partition
  assert.equal(partitionOf(2, 2), partitionOf(1, 1))
  assert.equal(partitionOf(1, 2), (partitionOf(1, 1) + 1) % 3)
})

test('an event that cannot be read is set aside with its bytes and the reason, and blocks nothing', async () => {
  const options = await kafkaOptions({ topics: { partitions: 1 } })
  await using bus = openKafkaBus(options)
  await using inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await using events = openTopicReader(options, options.topics.events)
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x0a])
  await events.write(bytes, { key: 'k', headers: { 'x-team': 'red' } })
  await events.write(null)
  await bus.publish([anEvent(1)])
  const [delivery] = await inbox.received(1)
  assert.deepEqual(delivery!.event, anEvent(1))

  await using deadLetters = openTopicReader(options, options.topics.deadLetters)
  const letters = await deadLetters.received(2)
  const unreadable = letters.find(each => each.value !== null)!
  assert.deepEqual(unreadable.value, bytes)
  assert.equal(unreadable.key, 'k')
  assert.deepEqual(unreadable.headers, {
    'x-team': 'red',
    'cronos-dead-letter': 'event',
    'cronos-reason': 'it is not JSON in UTF-8',
    'cronos-origin-topic': options.topics.events,
    'cronos-origin-partition': '0',
    'cronos-origin-offset': '0',
  })
  const empty = letters.find(each => each.value === null)!
  assert.equal(empty.headers['cronos-reason'], 'it has no value')

  delivery!.settle()
  await events.committed(options.consumer.groupId, 3n) // all three need no more attention
})

test('an event that is too large for the dead letters is referred to', async () => {
  const options = await kafkaOptions({ topics: { partitions: 1 } })
  await using events = openTopicReader(options, options.topics.events)
  await events.createTopic(options.topics.deadLetters, { 'max.message.bytes': '1000' })
  await using bus = openKafkaBus(options)
  await using _inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await events.write('x'.repeat(10_000))
  await using deadLetters = openTopicReader(options, options.topics.deadLetters)
  const [letter] = await deadLetters.received(1)
  assert.equal(letter!.value, null)
  assert.equal(letter!.headers['cronos-value'], 'left')
  assert.equal(letter!.headers['cronos-origin-offset'], '0')
  await events.committed(options.consumer.groupId, 1n)
})

test('offsets are committed up to the first event that is not settled', async () => {
  const options = await kafkaOptions({ topics: { partitions: 1 } })
  await using bus = openKafkaBus(options)
  await using reader = openTopicReader(options, options.topics.events)
  await bus.publish([1, 2, 3, 4].map(anEvent))
  {
    await using inbox = await openInbox(bus, 10)
    const [first, , third] = await inbox.received(4)
    third!.settle()
    first!.settle()
    await reader.committed(options.consumer.groupId, 1n)
  }
  await using next = await openInbox(bus, 10)
  const again = await next.received(3)
  assert.deepEqual(fences(again), [2, 3, 4]) // the third too: a repeat, which the database refuses
  for (const delivery of again) delivery.settle()
  await reader.committed(options.consumer.groupId, 4n)
})

test('with auto-commit what was delivered is not delivered again, settled or not', async () => {
  const options = await kafkaOptions({ topics: { partitions: 1 }, consumer: { autoCommit: true } })
  await using bus = openKafkaBus(options)
  await using reader = openTopicReader(options, options.topics.events)
  await bus.publish([1, 2].map(anEvent))
  await using inbox = await openInbox(bus, 10)
  await inbox.received(2)
  await reader.committed(options.consumer.groupId, 2n)
})

test('a group that begins at the latest event does not get earlier ones', async () => {
  const options = await kafkaOptions({ consumer: { autoOffsetReset: 'latest' } })
  await using bus = openKafkaBus(options)
  await bus.publish([anEvent(1)])
  await using inbox = await openInbox(bus, 10)
  await untilItWorks(bus)
  await bus.publish([anEvent(2)])
  assert.deepEqual(fences(await inbox.received(1)), [2])
})

test('no more events are handed over at once than max-poll-records says', async () => {
  const options = await kafkaOptions({ consumer: { maxPollRecords: 3 } })
  await using bus = openKafkaBus(options)
  await bus.publish(Array.from({ length: 20 }, (_, n) => anEvent(n)))
  const sizes: number[] = []
  const all = Promise.withResolvers<void>()
  let count = 0
  await using _subscription = await bus.subscribe(
    deliveries => {
      sizes.push(deliveries.length)
      count += deliveries.length
      if (count === 20) all.resolve()
    },
    { maxUnsettled: 1_000 },
  )
  await all.promise
  assert.ok(sizes.every(size => size <= 3))
})

test('acks of the leader alone, or of nobody, deliver too', async () => {
  for (const acks of ['1', '0'] as const) {
    await using bus = openKafkaBus(await kafkaOptions({ producer: { acks, idempotent: false } }))
    await using inbox = await openInbox(bus, 10)
    await bus.publish([anEvent(1)])
    await inbox.received(1)
  }
})

test('when a subscriber leaves, the other one takes over its partitions and what it left unsettled', async () => {
  const options = await kafkaOptions()
  const events = Array.from({ length: 60 }, (_, n) => anEvent(n))
  await using bus = openKafkaBus(options)
  // Far more than is published here: an inbox that is full would take nothing over.
  await using staying = await openInbox(bus, 1_000_000)
  {
    await using other = openKafkaBus({ ...options, clientId: 'other' })
    await using leaving = await openInbox(other, 1_000)
    await untilItWorks(other)
    while (leaving.deliveries.length === 0) {
      await bus.publish(events) // until the group has given it a partition
      await leaving.quiet()
    }
  }
  const before = staying.deliveries.length
  const marked = events.map(event => ({ ...event, attempt: 2 }))
  await bus.publish(marked)
  const seen = () => new Set(fences(staying.deliveries.slice(before)))
  while (seen().size < 60) await staying.quiet()
})

test('a subscriber that leaves while it joins breaks nothing, and is not waited for', async () => {
  const consumer = { sessionTimeoutMs: 600_000, maxPollIntervalMs: 600_000 }
  const options = await kafkaOptions({ consumer })
  await using bus = openKafkaBus(options)
  await using staying = await openInbox(bus, 1_000)
  await untilItWorks(bus)
  for (const afterMs of [0, 20, 40, 80, 120, 160]) {
    await using other = openKafkaBus(options)
    await using _leaving = await openInbox(other, 0)
    await rest(afterMs)
  }
  // Of every partition, and long before the group would forget a member that is gone.
  await bus.publish(Array.from({ length: 50 }, (_, n) => anEvent(n)))
  assert.equal(new Set(fences(await staying.received(50))).size, 50)
})

test('several processes that start at once create the topics once', async () => {
  const options = await kafkaOptions()
  const starters = Array.from({ length: 5 }, () => openKafkaBus(options))
  try {
    await Promise.all(starters.map((bus, n) => bus.publish([anEvent(n)])))
    await using inbox = await openInbox(starters[0]!, 10)
    assert.deepEqual(fences(await inbox.received(5)), [0, 1, 2, 3, 4])
  } finally {
    await Promise.all(starters.map(bus => bus[Symbol.asyncDispose]()))
  }
})

test('who has nothing to send yet creates the topics too, and so can tell that all is well', async () => {
  await using bus = openKafkaBus(await kafkaOptions())
  await untilItWorks(bus)
})

test('a session timeout that the broker does not allow ends the subscription, and says why', async () => {
  const options = await kafkaOptions({ consumer: { sessionTimeoutMs: 100 } })
  await using bus = openKafkaBus(options)
  await using inbox = await openInbox(bus, 10)
  await assert.rejects(inbox.done, /session timeout/i)
})

test('a dead letter stands on its topic with the run that it is of', async () => {
  const options = await kafkaOptions()
  await using bus = openKafkaBus(options)
  const jobId = jobIdOf('00000000-0000-7000-8000-000000000001')
  const { scheduledAt } = anEvent(1)
  const error = { name: 'Error', message: 'no route' }
  await bus.publishDeadLetters([
    { jobId, scheduledAt, attempts: 3, jobVersion: 1, failedAt: scheduledAt, error },
  ])
  await using reader = openTopicReader(options, options.topics.deadLetters)
  const [letter] = await reader.received(1)
  const { runId, ...value } = JSON.parse(letter!.value!.toString())
  assert.equal(letter!.key, jobId)
  assert.equal(runId, 'run_00000000-0000-7000-8000-000000000001_1795000000123')
  assert.deepEqual(value.error, error)
})
