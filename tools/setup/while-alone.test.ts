import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { portOf, whileAlone } from './while-alone.mjs'

const deferred = () => Promise.withResolvers<void>()

test('work on one folder is done one after the other', async () => {
  let inside = 0
  const most: number[] = []
  const work = async () => {
    most.push(++inside)
    await new Promise(resolve => setImmediate(resolve))
    inside--
  }
  await Promise.all([1, 2, 3, 4].map(() => whileAlone('/one/folder', work)))
  assert.deepEqual(most, [1, 1, 1, 1])
})

test('work on different folders is done at the same time', async () => {
  const [first, second] = [deferred(), deferred()]
  await Promise.all([
    whileAlone('/a/folder', async () => {
      first.resolve()
      await second.promise
    }),
    whileAlone('/another/folder', async () => {
      second.resolve()
      await first.promise
    }),
  ])
})

test('work that fails lets the next one in', async () => {
  const fail = () => Promise.reject(new Error('no luck'))
  await assert.rejects(whileAlone('/a/folder', fail), /no luck/)
  assert.equal(await whileAlone('/a/folder', async () => 'done'), 'done')
})

test('a process that is killed in the middle of its work lets the next one in', async () => {
  const module = new URL('./while-alone.mjs', import.meta.url)
  const script = `
    const { whileAlone } = await import(${JSON.stringify(module)})
    await whileAlone('/killed/folder', () => {
      console.log('inside')
      return new Promise(resolve => setInterval(resolve, 1e9))
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface(child.stdout), 'line')
  const mine = whileAlone('/killed/folder', async () => 'done')
  child.kill('SIGKILL')
  assert.equal(await mine, 'done')
})

test('a stranger who happens to have the port does not stop us', async () => {
  const stranger = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  stranger.listen(portOf('/unlucky/folder'), '127.0.0.1')
  await once(stranger, 'listening')
  try {
    assert.equal(await whileAlone('/unlucky/folder', async () => 'done'), 'done')
  } finally {
    stranger.close()
  }
})
