import { ConfigError } from './load.ts'
import { type Config, setting } from './setting.ts'
import { commaList, duration, flag, oneOf, text, wholeNumber } from './values.ts'

const milliseconds = (min: number, max: number) => wholeNumber({ min, max })

const topics = {
  events: setting('configs.kafka.topic.job-events', text, {
    default: 'job-events',
    meaning: 'The topic of dispatched runs, created when it is missing',
  }),
  deadLetters: setting('configs.kafka.topic.dead-letters', text, {
    default: 'job-events-dlt',
    meaning: 'The topic of runs that failed for good, and of events that cannot be read',
  }),
  partitions: setting('configs.kafka.topic.partitions', wholeNumber({ min: 1, max: 1_000 }), {
    default: '3',
    meaning: 'Partitions of a topic that is created',
  }),
  replicas: setting('configs.kafka.topic.replicas', wholeNumber({ min: -1, max: 100 }), {
    default: '-1',
    meaning: 'Replicas of a topic that is created; -1 leaves it to the broker',
  }),
} as const

const producer = {
  acks: setting('configs.kafka.producer.acks', oneOf('all', '1', '0'), {
    default: 'all',
    meaning: 'Who must have an event before it counts as published',
  }),
  idempotent: setting('configs.kafka.producer.enable-idempotence', flag, {
    default: 'true',
    meaning: 'A send that is repeated is stored once; needs acks all',
  }),
  retries: setting('configs.kafka.producer.retries', wholeNumber({ min: 0, max: 1_000 }), {
    default: '3',
    meaning: 'How often a send is repeated; what then failed is dispatched again later',
  }),
  retryBackoffMs: setting('configs.kafka.producer.retry-backoff-ms', milliseconds(0, 60_000), {
    default: '300',
    meaning: 'The rest between two sends in milliseconds',
  }),
  deliveryTimeoutMs: setting('configs.kafka.producer.delivery-timeout', duration({ minMs: 100 }), {
    default: '5s',
    meaning: 'What has not been acknowledged by then counts as failed',
  }),
} as const

const consumer = {
  groupId: setting('configs.kafka.consumer.group-id', text, {
    default: 'job-consumers',
    meaning: 'The consumer group of all executors',
  }),
  autoOffsetReset: setting(
    'configs.kafka.consumer.auto-offset-reset',
    oneOf('earliest', 'latest', 'none'),
    {
      default: 'earliest',
      meaning: 'Where a group begins that has never committed an offset',
    },
  ),
  autoCommit: setting('configs.kafka.consumer.enable-auto-commit', flag, {
    default: 'false',
    meaning: 'Commits what was delivered, whether its run has been started or not',
  }),
  maxPollRecords: setting(
    'configs.kafka.consumer.max-poll-records',
    wholeNumber({ min: 1, max: 10_000 }),
    {
      default: '500',
      meaning: 'Events handed over at once at most',
    },
  ),
  sessionTimeoutMs: setting(
    'configs.kafka.consumer.session-timeout-ms',
    milliseconds(1_000, 3_600_000),
    {
      default: '10000',
      meaning: 'A member that was not heard of for so long, in milliseconds, has left the group',
    },
  ),
  maxPollIntervalMs: setting(
    'configs.kafka.consumer.max-poll-interval-ms',
    milliseconds(1_000, 86_400_000),
    {
      default: '300000',
      meaning: 'How long the group waits for a member, in milliseconds, while it deals out anew',
    },
  ),
} as const

/** How to reach Kafka and work with it, in the shape that the Kafka bus is opened with. */
export const kafkaSettings = {
  bootstrapServers: setting('configs.kafka.bootstrap-servers', commaList, {
    default: 'localhost:9092',
    meaning: 'Some brokers, as host:port',
  }),
  ...{ topics, producer, consumer },
}

/** How Kafka is reached and worked with, as it is read. */
export type KafkaConfig = Config<typeof kafkaSettings>

/**
 * Checks what no key can be told by itself.
 *
 * @throws {ConfigError} with all contradictions, each naming its keys
 */
export function checkKafka(kafka: KafkaConfig): KafkaConfig {
  const { bootstrapServers, producer, consumer } = kafka
  const problems: string[] = []
  const isBroker = (server: string) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(server)
  if (bootstrapServers.length === 0 || !bootstrapServers.every(isBroker))
    problems.push(
      `configs.kafka.bootstrap-servers must be a comma list of host:port, got ${bootstrapServers.join(',')}`,
    )
  if (producer.idempotent && producer.acks !== 'all')
    problems.push(
      `configs.kafka.producer.acks must be all while configs.kafka.producer.enable-idempotence is true, got ${producer.acks}`,
    )
  if (consumer.maxPollIntervalMs < consumer.sessionTimeoutMs)
    problems.push(
      `configs.kafka.consumer.max-poll-interval-ms must be at least configs.kafka.consumer.session-timeout-ms (${consumer.sessionTimeoutMs}), got ${consumer.maxPollIntervalMs}`,
    )
  if (problems.length > 0) throw new ConfigError(problems)
  return kafka
}
