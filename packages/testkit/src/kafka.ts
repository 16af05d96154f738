import { startGuardian } from './guardian.ts'
import type { KafkaCommand, KafkaOptions } from './kafka-guardian.ts'

/** A Kafka that is thrown away: disposing of it stops it and removes its data. */
export interface TestKafka extends AsyncDisposable {
  /** `host:port` */
  readonly bootstrapServers: string
  /** Variables that make test processes use this broker instead of starting one each. */
  readonly environment: Readonly<Record<string, string>>
  /** Ends the broker with `kill -9`; what it has stored stays. */
  kill(): Promise<void>
  /** Starts a broker again that was killed, on the same port. */
  start(): Promise<void>
}

/** Names the broker that whoever runs the tests has started for all of them. */
const SERVERS_VARIABLE = 'KAFKA_BOOTSTRAP_SERVERS'

let servers: Promise<string> | undefined

/**
 * The broker of this test run: the one that `KAFKA_BOOTSTRAP_SERVERS` names (`host:port`), else one
 * of this process, which ends with it. Topics and groups on it are told apart by their names.
 */
export function testKafka(): Promise<string> {
  servers ??= findServers()
  return servers
}

async function findServers(): Promise<string> {
  return process.env[SERVERS_VARIABLE] || (await startTestKafka()).bootstrapServers
}

/**
 * Starts an Apache Kafka of one node in a temporary folder: from its published jars where Java 17
 * and Maven are, else in Docker. A guardian process ends it with this process, be it by `kill -9`.
 *
 * @throws with one line that says what to install, where the machine has neither
 */
export async function startTestKafka(options: KafkaOptions = {}): Promise<TestKafka> {
  const program = new URL('./kafka-guardian.ts', import.meta.url)
  const guardian = await startGuardian<string>(program, options)
  const command = (name: KafkaCommand) => guardian.command(name)
  return {
    bootstrapServers: guardian.address,
    environment: { [SERVERS_VARIABLE]: guardian.address },
    kill: () => command('kill'),
    start: () => command('start'),
    [Symbol.asyncDispose]: () => guardian[Symbol.asyncDispose](),
  }
}
