import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { openTcpProxy } from './tcp-proxy.ts'

/* What the fault tests break with does break. */

test('a way lets everything through, however slowly, in order', async () => {
  await using place = await anEcho()
  const { proxy } = place
  const client = connect(proxy.port, '127.0.0.1')
  assert.equal(await said(client, 'first'), 'first')
  proxy.slow(20)
  client.write('second, ')
  assert.equal(await said(client, 'third', 'second, third'.length), 'second, third')
  client.destroy()
})

test('a way that is half open tells neither end, and goes on where it was', async () => {
  await using place = await anEcho()
  const { proxy, heard } = place
  const client = connect(proxy.port, '127.0.0.1')
  await said(client, 'before')
  proxy.stall()
  const other = connect(proxy.port, '127.0.0.1')
  await once(other, 'connect') // somebody takes connections, and never answers
  client.write(' after')
  assert.equal(heard(), 'before')
  const answer = once(client, 'data')
  proxy.pass()
  assert.equal(String(await answer), ' after')
  client.destroy()
  other.destroy()
})

test('a way that is cut resets its connections; one that refuses takes no new ones', async () => {
  await using place = await anEcho()
  const { proxy } = place
  const client = connect(proxy.port, '127.0.0.1')
  await said(client, 'before')
  proxy.cut()
  await assert.rejects(once(client, 'close-without-error'), { code: 'ECONNRESET' })
  proxy.refuse()
  const refused = connect(proxy.port, '127.0.0.1')
  await assert.rejects(once(refused, 'end'), { code: 'ECONNRESET' })
  proxy.pass()
  const again = connect(proxy.port, '127.0.0.1')
  assert.equal(await said(again, 'again'), 'again')
  again.destroy()
})

/** A server that says what it hears, behind a proxy. */
async function anEcho() {
  let heard = ''
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}) // it was cut, on purpose
    socket.on('data', chunk => {
      heard += chunk
      socket.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await openTcpProxy()
  proxy.leadTo((server.address() as AddressInfo).port)
  return {
    proxy,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Says something, and answers what comes back: as many characters as told. */
async function said(client: Socket, text: string, length = text.length): Promise<string> {
  let answer = ''
  client.write(text)
  while (answer.length < length) answer += String((await once(client, 'data'))[0])
  return answer
}
