import { once } from 'node:events'
import { createServer } from 'node:net'
import { environmentName } from '@cronos/runtime'
import { type CronosConfig, type Listener, listeners, portKey } from './config.ts'
import { StartError } from './start-error.ts'

/**
 * Looks whether all ports are free before anything is started, so that a port which is taken costs
 * a person one line, and no half-made start.
 *
 * @throws {StartError} names the ports and the keys that change them
 */
export async function checkPorts({ host, ports }: CronosConfig): Promise<void> {
  const taken: Listener[] = []
  for (const listener of listeners) if (!(await isFree(host, ports[listener]))) taken.push(listener)
  if (taken.length === 0) return
  const numbers = taken.map(listener => ports[listener]).join(', ')
  const keys = taken.map(portKey)
  throw new StartError(
    keys.length === 1
      ? `port ${numbers} on ${host} is taken by another process; ${keys[0]} (or ${environmentName(keys[0]!)}) sets another`
      : `ports ${numbers} on ${host} are taken, perhaps by another Cronos; ${keys.join(', ')} set others`,
  )
}

/** @throws what keeps the port from being listened on, other than that it is taken */
async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ host, port })
    await once(server, 'listening')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw error
  } finally {
    server.close()
  }
}
