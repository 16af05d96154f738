import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './manifests.ts'

/** What the script comes to and says on a port where each request is answered so. */
async function checkOf(listener: RequestListener): Promise<{ code: unknown; said: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await check((server.address() as AddressInfo).port)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function check(port: number): Promise<{ code: unknown; said: string }> {
  const script = join(root, 'deploy/compose/healthcheck.sh')
  return new Promise(resolve => {
    execFile('bash', [script, String(port)], (error, stdout) =>
      resolve({ code: error === null ? 0 : error.code, said: stdout.trim() }),
    )
  })
}

const answering =
  (status: number, body: string): RequestListener =>
  ({ url }, response) => {
    response.writeHead(url === '/health' ? status : 404).end(body)
  }

test('a container is healthy while its service says UP', async () => {
  const found = await checkOf(answering(200, '{"status":"UP"}'))
  assert.deepEqual(found, { code: 0, said: '{"status":"UP"}' })
})

test('a container is not healthy while its service says DOWN, and shows what it says', async () => {
  const found = await checkOf(answering(503, '{"status":"DOWN"}'))
  assert.deepEqual(found, { code: 1, said: '{"status":"DOWN"}' })
})

test('a container is not healthy whose service hangs or is not there', async () => {
  assert.notEqual((await checkOf(() => {})).code, 0)
  assert.notEqual((await check(1)).code, 0)
})
