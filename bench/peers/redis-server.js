/* A Redis in a folder that is thrown away; says its address, and ends with its standard input. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const folder = await mkdtemp(join(tmpdir(), 'cronos-bench-redis-'))
const port = await freePort()
const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']
const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
const redis = spawn('redis-server', [...place, ...durable], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
createInterface({ input: redis.stdout }).on('line', line => {
  if (!line.includes('Ready to accept connections')) return
  console.log(`url redis://127.0.0.1:${port}`)
  console.log('ready')
})
process.stdin.resume().on('end', async () => {
  redis.kill('SIGTERM')
  await once(redis, 'exit')
  await rm(folder, { recursive: true, force: true })
})

async function freePort() {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
