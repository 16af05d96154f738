import { execFile } from 'node:child_process'
import { setTimeout as rest } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BROKER_SETTINGS, type Broker, type BrokerPorts } from './broker.ts'
import { kafkaVersion } from './jars.ts'

const run = promisify(execFile)

const UP = 'Kafka Server started'

/** Whether a Docker engine answers here. */
export async function hasDocker(): Promise<boolean> {
  return run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 }).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  )
}

/** A broker in a container of the project's own image of Apache Kafka. */
export function dockerBroker({ clients, controller, advertised }: BrokerPorts): Broker {
  const name = `cronos-test-kafka-${clients}`
  const settings = {
    ...BROKER_SETTINGS,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://0.0.0.0:${clients},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertised}`,
  }
  const variables = Object.entries(settings).flatMap(([key, value]) => [
    '-e',
    `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`,
  ])
  let isMade = false

  return {
    bootstrapServers: `127.0.0.1:${clients}`,
    async start() {
      const since = new Date().toISOString()
      const port = ['-p', `127.0.0.1:${clients}:${clients}`]
      if (isMade) await run('docker', ['start', name])
      else
        await run('docker', [
          ...['run', '-d', '--name', name, '-e', 'KAFKA_HEAP_OPTS=-Xmx256m'],
          ...[...port, ...variables, `apache/kafka:${kafkaVersion}`],
        ])
      isMade = true
      await untilUp(name, since)
    },
    async kill() {
      await run('docker', ['kill', name])
    },
    async remove() {
      if (isMade) await run('docker', ['rm', '-f', '-v', name])
    },
  }
}

async function untilUp(name: string, since: string): Promise<void> {
  for (;;) {
    const { stdout, stderr } = await run('docker', ['logs', '--since', since, name])
    if (`${stdout}${stderr}`.includes(UP)) return
    const state = await run('docker', ['inspect', '-f', '{{.State.Running}}', name])
    if (state.stdout.trim() !== 'true')
      throw new Error(`the broker ended before it was up: ${stderr}`)
    await rest(200)
  }
}
