import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as rest } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startTestKafka } from './index.ts'

test('a test process that is killed leaves no broker behind', async () => {
  const program = fileURLToPath(new URL('../test/abandoned-kafka.ts', import.meta.url))
  const { KAFKA_BOOTSTRAP_SERVERS: _, ...env } = process.env
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [servers] = await once(createInterface(child.stdout), 'line')
  assert.ok(await answers(servers))
  child.kill('SIGKILL')
  while (await answers(servers)) await rest(20) // the runner's limit ends a wait in vain
})

test('a broker that was killed is started again where it was', async () => {
  await using kafka = await startTestKafka()
  await kafka.kill()
  assert.ok(!(await answers(kafka.bootstrapServers)))
  await kafka.start()
  assert.ok(await answers(kafka.bootstrapServers))
})

test('a machine without Java and Docker is told what to install, in one line', async () => {
  const program = fileURLToPath(new URL('../test/abandoned-kafka.ts', import.meta.url))
  const env = { PATH: '/nowhere' }
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = await Array.fromAsync(createInterface(child.stderr))
  assert.match(
    lines.find(line => line.startsWith('Error:'))!,
    /install Java 17 and Maven .* Docker/,
  )
})

async function answers(servers: string): Promise<boolean> {
  const { hostname, port } = new URL(`kafka://${servers}`)
  const socket = connect({ host: hostname, port: Number(port) })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
