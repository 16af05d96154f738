import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Broker, BrokerPorts } from './broker.ts'
import { dockerBroker, hasDocker } from './docker-broker.ts'
import { fetchJars, hasJars } from './jars.ts'
import { javaBroker } from './java-broker.ts'

const run = promisify(execFile)

const OLDEST_JAVA = 17

/**
 * A broker by whatever this machine has: Java and Kafka's jars, else Docker.
 *
 * @throws with one line that says what to install
 */
export async function findBroker(folder: string, ports: BrokerPorts): Promise<Broker> {
  const java = await findJava()
  if (java !== null && (hasJars() || (await hasMaven()))) {
    if (!hasJars()) await fetchJars()
    return javaBroker(java, folder, ports)
  }
  if (await hasDocker()) return dockerBroker(ports)
  throw new Error(
    'the Kafka tests need a broker: install Java 17 and Maven (on Debian: apt install ' +
      'openjdk-17-jre-headless maven), or Docker, or name one in KAFKA_BOOTSTRAP_SERVERS',
  )
}

/** @returns the path of a Java that is new enough, else null */
async function findJava(): Promise<string | null> {
  const home = process.env['JAVA_HOME']
  for (const java of home ? [join(home, 'bin/java'), 'java'] : ['java']) {
    const version = await run(java, ['-version']).then(
      ({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1]),
      () => 0,
    )
    if (version >= OLDEST_JAVA) return java
  }
  return null
}

function hasMaven(): Promise<boolean> {
  return run('mvn', ['-v']).then(
    () => true,
    () => false,
  )
}
