import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { BROKER_SETTINGS, type Broker, type BrokerPorts } from './broker.ts'
import { jarFolder } from './jars.ts'

const run = promisify(execFile)

/** A small heap and the plain collector: starts in seconds and stays below 400 MB. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const LOG = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
]
/** What the broker says when clients can work with it. */
const UP = 'Kafka Server started'
const CLUSTER_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** A broker from Kafka's published jars, in a Java process of this machine. */
export async function javaBroker(
  java: string,
  folder: string,
  ports: BrokerPorts,
): Promise<Broker> {
  const properties = join(folder, 'server.properties')
  const log = join(folder, 'broker.log')
  await writeFile(properties, propertiesOf(folder, ports))
  const classes = ['-cp', join(jarFolder, '*')]
  const format = ['format', '--ignore-formatted', '-t', CLUSTER_ID, '-c', properties]
  await run(java, [...JVM, ...LOG, ...classes, 'kafka.tools.StorageTool', ...format])
  let process: ChildProcess | undefined

  return {
    bootstrapServers: `127.0.0.1:${ports.clients}`,
    async start() {
      const child = spawn(java, [...JVM, ...LOG, ...classes, 'kafka.Kafka', properties], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      process = child
      const file = createWriteStream(log, { flags: 'a' })
      const up = Promise.withResolvers<void>()
      for (const output of [child.stdout, child.stderr]) {
        output.pipe(file, { end: false })
        createInterface({ input: output }).on('line', line => {
          if (line.includes(UP)) up.resolve()
        })
      }
      const ended = once(child, 'exit').then(async () => {
        const lines = (await readFile(log, 'utf8')).trimEnd().split('\n')
        throw new Error(`the broker ended before it was up: ${lines.slice(-20).join('\n')}`)
      })
      ended.catch(() => {}) // once it is up, its end is asked for
      await Promise.race([up.promise, ended])
    },
    kill: end,
    remove: end,
  }

  async function end(): Promise<void> {
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return
    const exited = once(process, 'exit')
    process.kill('SIGKILL') // its data are thrown away, or are to be found as a crash leaves them
    await exited
  }
}

function propertiesOf(folder: string, { clients, controller, advertised }: BrokerPorts): string {
  const settings = {
    ...BROKER_SETTINGS,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${clients},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertised}`,
    'log.dirs': join(folder, 'data'),
  }
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
