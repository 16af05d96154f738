import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { Secret } from '../config/index.ts'
import { startHttpService } from '../http-service.ts'
import { tokenIssuer, tokenReader } from '../tokens.ts'
import { type EventStream, openEventStreams } from './event-stream.ts'
import { userWith } from './guard.ts'

const secret = new Secret('k'.repeat(64))
const issuer = tokenIssuer(secret, { accessMs: 60_000, refreshMs: 60_000, serviceMs: 60_000 })
const authorization = `Bearer ${issuer.issueAccess({
  ...{ userId: '01ALICE', username: 'alice', roles: [] },
  scopes: ['read'],
})}`

/** A service that does nothing but stream. */
async function startStreaming(maxStreams = 10) {
  const streams = openEventStreams({ maxStreams, maxStreamsPerOwner: 10 })
  const opened: EventStream[] = []
  const service = await startHttpService({
    ...{ name: 'news-service', errors: 'timed', log: pino({ level: 'silent' }) },
    ...{ tokens: tokenReader(secret), isTransient: () => false, host: '127.0.0.1', port: 0 },
    checks: {},
    routes(app) {
      app.get('/news', { config: { access: userWith('read') } }, async (request, reply) => {
        opened.push(streams.open(request, reply))
        return reply
      })
    },
  })
  await service.ready
  return {
    ...{ streams, opened, port: service.port },
    url: `http://127.0.0.1:${service.port}/news-service/news`,
    async [Symbol.asyncDispose]() {
      streams.endAll()
      await service[Symbol.asyncDispose]()
    },
  }
}

const ask = (url: string) => fetch(url, { headers: { authorization } })

async function textOf(response: Response, part: string): Promise<string> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes(part)) return text
  }
  return assert.fail(`the stream ended without ${part}: ${text}`)
}

test('an event is sent with its name, its id and its data on one line', async () => {
  await using service = await startStreaming()
  const response = await ask(service.url)
  service.opened[0]?.send({ event: 'told', id: '7', data: { text: 'two\nlines' } })
  const text = await textOf(response, 'told')
  assert.equal(text, 'retry: 2000\n\nevent: told\nid: 7\ndata: {"text":"two\\nlines"}\n\n')
})

test('a silent stream shows that it is there', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using service = await startStreaming()
  const response = await ask(service.url)
  t.mock.timers.tick(15_000)
  await textOf(response, '\n\n:\n\n')
})

test('a client that does not keep up is cut off, not waited for', async () => {
  await using service = await startStreaming()
  const socket = connect(service.port, '127.0.0.1')
  socket.pause()
  socket.on('error', () => {})
  const head = `Host: x\r\nAuthorization: ${authorization}\r\n\r\n`
  socket.write(`GET /news-service/news HTTP/1.1\r\n${head}`)
  while (service.opened.length === 0) await new Promise(resolve => setImmediate(resolve))
  const [stream] = service.opened
  const text = 'x'.repeat(100_000)
  for (let sent = 0; sent < 1_000 && !stream!.ended.aborted; sent++) {
    stream!.send({ event: 'told', data: { text } })
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(stream?.ended.aborted)
  socket.resume()
  await once(socket, 'close')
})

test('a client that goes away ends its stream', async () => {
  await using service = await startStreaming()
  const response = await ask(service.url)
  const [stream] = service.opened
  await response.body!.cancel()
  if (!stream!.ended.aborted) await once(stream!.ended, 'abort')
})

test('more streams than may be are refused, with when to come back', async () => {
  await using service = await startStreaming(1)
  const first = await ask(service.url)
  const second = await ask(service.url)
  assert.equal(second.status, 429)
  assert.equal(second.headers.get('retry-after'), '10')
  assert.match(((await second.json()) as { message: string }).message, /^as many streams/)
  await first.body!.cancel()
})

test('a stream that is asked for while the service stops ends at once', async () => {
  await using service = await startStreaming()
  service.streams.endAll()
  const text = await (await ask(service.url)).text()
  assert.match(text, /event: end\ndata: {"reason":"stopping"}\n\n$/)
})
