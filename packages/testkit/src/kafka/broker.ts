/** A Kafka broker of one node that belongs to a test. */
export interface Broker {
  /** `host:port` */
  readonly bootstrapServers: string
  /** Starts it, or starts it again on what it has stored; resolves when it serves. */
  start(): Promise<void>
  /** Ends it as a power cut would: `kill -9`. */
  kill(): Promise<void>
  /** Ends it for good. */
  remove(): Promise<void>
}

/** The ports that a broker listens on. */
export interface BrokerPorts {
  readonly clients: number
  readonly controller: number
  /** The one that clients are told to use: `clients`, unless something lies between. */
  readonly advertised: number
}

/**
 * The settings of a broker that is all by itself: one replica of everything, groups that form at
 * once, and a broker that was killed is let in again after four seconds instead of nine. Fewer would
 * shut it out now and then on a busy machine, which delays its heartbeats.
 */
export const BROKER_SETTINGS = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'auto.create.topics.enable': 'false',
  'num.partitions': '3',
  'default.replication.factor': '1',
  'min.insync.replicas': '1',
  'offsets.topic.num.partitions': '3',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'broker.session.timeout.ms': '4000',
  'broker.heartbeat.interval.ms': '500',
  'log.cleaner.dedupe.buffer.size': '16777216',
} as const
