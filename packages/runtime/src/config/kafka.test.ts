import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkKafka, kafkaSettings } from './kafka.ts'
import { ConfigError, loadConfig } from './load.ts'
import { givenValues } from './sources.ts'

function read(values: Readonly<Record<string, string>>) {
  const servers = { 'configs.kafka.bootstrap-servers': 'kafka:29092' }
  return checkKafka(loadConfig(kafkaSettings, [givenValues('test', { ...servers, ...values })]))
}

test('every key of Kafka takes effect, spelled as other Kafka clients spell their values', () => {
  const config = read({
    'configs.kafka.bootstrap-servers': 'one:9092, [::1]:9093',
    'configs.kafka.topic.job-events': 'events',
    'configs.kafka.producer.acks': '1',
    'configs.kafka.producer.enable-idempotence': 'false',
    'configs.kafka.producer.retries': '7',
    'configs.kafka.producer.retry-backoff-ms': '1000',
    'configs.kafka.consumer.group-id': 'group',
    'configs.kafka.consumer.auto-offset-reset': 'latest',
    'configs.kafka.consumer.enable-auto-commit': 'true',
    'configs.kafka.consumer.max-poll-records': '10',
    'configs.kafka.consumer.session-timeout-ms': '30000',
    'configs.kafka.consumer.max-poll-interval-ms': '300000',
  })
  assert.deepEqual(config.bootstrapServers, ['one:9092', '[::1]:9093'])
  assert.equal(config.topics.events, 'events')
  const { deliveryTimeoutMs: _, ...producer } = config.producer
  assert.deepEqual(producer, { acks: '1', idempotent: false, retries: 7, retryBackoffMs: 1_000 })
  assert.deepEqual(config.consumer, {
    ...{ groupId: 'group', autoOffsetReset: 'latest', autoCommit: true, maxPollRecords: 10 },
    ...{ sessionTimeoutMs: 30_000, maxPollIntervalMs: 300_000 },
  })
})

test('keys that contradict each other are told at once, each by its name', () => {
  const problems = (): readonly string[] => {
    try {
      read({
        'configs.kafka.bootstrap-servers': 'kafka',
        'configs.kafka.producer.acks': '1',
        'configs.kafka.consumer.max-poll-interval-ms': '5000',
      })
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
    }
    return []
  }
  assert.deepEqual(problems(), [
    'configs.kafka.bootstrap-servers must be a comma list of host:port, got kafka',
    'configs.kafka.producer.acks must be all while configs.kafka.producer.enable-idempotence is true, got 1',
    'configs.kafka.consumer.max-poll-interval-ms must be at least configs.kafka.consumer.session-timeout-ms (10000), got 5000',
  ])
})
