import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as rest } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openPool, sql } from '@cronos/store'
import { startTestPostgres } from './index.ts'

test('a test process that is killed leaves no server behind', async () => {
  const program = fileURLToPath(new URL('../test/abandoned.ts', import.meta.url))
  const { CRONOS_TEST_POSTGRES: _, ...env } = process.env
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [url] = await once(createInterface(child.stdout), 'line')
  assert.ok(await answers(url))
  child.kill('SIGKILL')
  while (await answers(url)) await rest(20) // the runner's limit ends a wait in vain
})

test('a durable server forces commits to the disk, as production does', async () => {
  await using server = await startTestPostgres({ durable: true })
  const { url, ...credentials } = server.address
  await using pool = openPool({
    url: `${url}postgres`,
    ...credentials,
    name: 'test',
    max: 1,
    plans: 'general',
  })
  assert.deepEqual((await pool.query(sql`show fsync`)).rows, [{ fsync: 'on' }])
})

async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
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
