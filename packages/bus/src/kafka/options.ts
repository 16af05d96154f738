/** What the bus tells an operator. A pino logger is one. */
export interface BusLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** How to reach Kafka, and how to work with it. Durations in milliseconds. */
export interface KafkaBusOptions {
  /** Names this process in the broker's logs. */
  readonly clientId: string
  /** `host:port`, of some brokers. */
  readonly bootstrapServers: readonly string[]
  readonly topics: TopicOptions
  readonly producer: ProducerOptions
  readonly consumer: ConsumerOptions
  readonly log: BusLog
}

export interface TopicOptions {
  readonly events: string
  readonly deadLetters: string
  /** Of a topic that is missing and gets created. */
  readonly partitions: number
  /** Likewise; -1 leaves it to the broker. */
  readonly replicas: number
}

export interface ProducerOptions {
  /** `all` waits for the replicas in sync, `1` for the leader, `0` for nobody. */
  readonly acks: 'all' | '1' | '0'
  /** A repeated send is stored once. Needs acks `all`. */
  readonly idempotent: boolean
  readonly retries: number
  readonly retryBackoffMs: number
  /** What has not been acknowledged by then counts as failed. */
  readonly deliveryTimeoutMs: number
}

export interface ConsumerOptions {
  readonly groupId: string
  /** Where a group begins that has never committed an offset. */
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none'
  /** Commits what was delivered, whether it is settled or not. */
  readonly autoCommit: boolean
  /** Events handed over at once at most. */
  readonly maxPollRecords: number
  /** A member that was not heard of for so long has left the group. */
  readonly sessionTimeoutMs: number
  /** How long the group waits for a member while partitions are dealt out again. */
  readonly maxPollIntervalMs: number
}
