import { randomBytes } from 'node:crypto'
import { setTimeout as rest } from 'node:timers/promises'
import { testKafka } from '@cronos/testkit'
import type { Bus, KafkaBusOptions } from '../src/index.ts'

/** What a test changes. */
export interface GivenOptions {
  readonly bootstrapServers?: readonly string[]
  readonly topics?: Partial<KafkaBusOptions['topics']>
  readonly producer?: Partial<KafkaBusOptions['producer']>
  readonly consumer?: Partial<KafkaBusOptions['consumer']>
  readonly log?: KafkaBusOptions['log']
}

/** Options of a bus with topics and a group of its own, on the broker of this test run. */
export async function kafkaOptions(given: GivenOptions = {}): Promise<KafkaBusOptions> {
  const name = `test-${randomBytes(6).toString('hex')}`
  return {
    clientId: name,
    bootstrapServers: given.bootstrapServers ?? [await testKafka()],
    topics: {
      events: name,
      deadLetters: `${name}-dlt`,
      partitions: 3,
      replicas: -1,
      ...given.topics,
    },
    producer: {
      ...{ acks: 'all', idempotent: true, retries: 10, retryBackoffMs: 100 },
      deliveryTimeoutMs: 10_000,
      ...given.producer,
    },
    consumer: {
      ...{ groupId: name, autoOffsetReset: 'earliest', autoCommit: false, maxPollRecords: 500 },
      ...{ sessionTimeoutMs: 3_000, maxPollIntervalMs: 30_000 },
      ...given.consumer,
    },
    log: given.log ?? testLog(),
  }
}

/** Says nothing, or all with `CRONOS_TEST_LOG=debug`. */
function testLog(): KafkaBusOptions['log'] {
  const isLoud = (process.env['CRONOS_TEST_LOG'] ?? 'silent') !== 'silent'
  const say = (fields: object, message: string) => {
    if (isLoud) console.error(message, fields)
  }
  return { debug: say, info: say, warn: say, error: say }
}

/** Resolves when the bus says that it works: its subscriptions have joined their group. */
export async function untilItWorks(bus: Bus): Promise<void> {
  for (;;) {
    const isWorking = await bus.check().then(
      () => true,
      () => false,
    )
    if (isWorking) return
    await rest(20)
  }
}
