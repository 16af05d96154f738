import { randomBytes } from 'node:crypto'
import { type Bus, type KafkaBusOptions, openKafkaBus } from '@cronos/bus'
import { testKafka } from '@cronos/testkit'
import { pino } from 'pino'

/**
 * Opens buses that share a topic and a group of their own.
 *
 * @param bootstrapServers the broker of this test run, where none is given
 */
export async function kafkaBusOf(bootstrapServers?: string): Promise<() => Promise<Bus>> {
  const topic = `test-${randomBytes(6).toString('hex')}`
  const options: Omit<KafkaBusOptions, 'clientId'> = {
    bootstrapServers: [bootstrapServers ?? (await testKafka())],
    topics: { events: topic, deadLetters: `${topic}-dlt`, partitions: 3, replicas: -1 },
    producer: {
      ...{ acks: 'all', idempotent: true, retries: 10, retryBackoffMs: 100 },
      deliveryTimeoutMs: 4_000,
    },
    consumer: {
      ...{ groupId: topic, autoOffsetReset: 'earliest', autoCommit: false, maxPollRecords: 500 },
      ...{ sessionTimeoutMs: 3_000, maxPollIntervalMs: 30_000 },
    },
    log: pino({ level: process.env['CRONOS_TEST_LOG'] ?? 'silent' }),
  }
  let buses = 0
  return () => openKafkaBus({ ...options, clientId: `${topic}-${++buses}` })
}
