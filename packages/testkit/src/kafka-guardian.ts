/** The process that owns a test Kafka. */

import { createServer } from 'node:net'
import { guard } from './guarded.ts'
import { findBroker } from './kafka/find-broker.ts'

/** What a test may do to its broker. */
export type KafkaCommand = 'kill' | 'start'

export interface KafkaOptions {
  /** The port that clients are told to use, where something lies between them and the broker. */
  readonly advertisedPort?: number
}

await guard<KafkaOptions>(async ({ advertisedPort }, folder) => {
  const [clients, controller] = await freePorts(2)
  const broker = await findBroker(folder, {
    ...{ clients: clients!, controller: controller!, advertised: advertisedPort ?? clients! },
  })
  try {
    await broker.start()
  } catch (error) {
    await broker.remove()
    throw error
  }
  return {
    address: broker.bootstrapServers,
    obey: command => broker[command as KafkaCommand](),
    [Symbol.asyncDispose]: () => broker.remove(),
  }
})

/** Ports that nobody uses now; the system chooses. All are held until all are known. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = servers.map(
    server =>
      new Promise<number>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: '127.0.0.1', port: 0 }, () => {
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : 0)
        })
      }),
  )
  try {
    return await Promise.all(ports)
  } finally {
    for (const server of servers) server.close()
  }
}
