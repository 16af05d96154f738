import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { givenValues, loadConfig } from '@cronos/runtime'
import { pino } from 'pino'
import { gatewayConfig } from './config.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** A service that tells what it was asked. */
async function startEcho(answer = echo) {
  const server = createServer(answer)
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let size = 0
  for await (const chunk of request) size += (chunk as Buffer).length
  const { method, url, headers } = request
  response.writeHead(201, { 'content-type': 'application/json', 'x-made-by': 'echo' })
  response.end(JSON.stringify({ method, url, headers, size }))
}

function startTestGateway(values: Record<string, string>): Promise<Gateway> {
  const given = { 'configs.server.host': '127.0.0.1', 'configs.server.port': '0', ...values }
  const config = loadConfig(gatewayConfig, [givenValues('test', given)])
  return startGateway(config, pino({ level: 'silent' }))
}

let job: Awaited<ReturnType<typeof startEcho>>
let gateway: Gateway
let origin: string
before(async () => {
  job = await startEcho()
  gateway = await startTestGateway({
    'configs.services.job.url': job.url,
    'configs.services.auth.url': 'http://127.0.0.1:1',
    'configs.services.user.url': 'http://user-service.invalid:8081',
  })
  origin = `http://127.0.0.1:${gateway.port}`
})
after(async () => {
  await gateway[Symbol.asyncDispose]()
  await job[Symbol.asyncDispose]()
})

describe('a request for a service', () => {
  test('reaches it with method, path, query, headers and body as they were', async () => {
    const response = await fetch(`${origin}/job-service/api/v1/jobs?size=3&status=RUNNING`, {
      method: 'POST',
      headers: { authorization: 'Bearer  abc', 'content-type': 'application/json' },
      body: '{"jobType":"ONE_TIME"}',
    })
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('x-made-by'), 'echo')
    const { method, url, headers, size } = (await response.json()) as Echoed
    assert.deepEqual([method, url], ['POST', '/job-service/api/v1/jobs?size=3&status=RUNNING'])
    assert.equal(headers['authorization'], 'Bearer  abc')
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(size, 22)
  })

  test('may have a body of any type and size, or none', async () => {
    for (const size of [0, 1, 3_000_000]) {
      const init = { method: 'POST', body: randomBytes(size) }
      const response = await fetch(`${origin}/job-service/api/v1/jobs`, init)
      assert.equal(((await response.json()) as Echoed).size, size)
    }
    const response = await fetch(`${origin}/job-service/api/v1/jobs/7/cancel`, { method: 'POST' })
    assert.equal(((await response.json()) as Echoed).size, 0)
  })

  test('may announce its body first, as curl does with a large one', async () => {
    const headers = { expect: '100-continue', 'content-length': '4' }
    const call = request(`${origin}/job-service/x`, { method: 'POST', headers })
    call.flushHeaders()
    await once(call, 'continue')
    call.end('body')
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    assert.equal(response.statusCode, 201)
  })

  test('may be a GET with a body, which nobody reads', async () => {
    const headers = { 'content-length': '2', 'content-type': 'application/json' }
    const call = request(`${origin}/job-service/x`, { method: 'GET', headers })
    call.end('{}')
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    assert.equal(response.statusCode, 201)
  })

  test('tells the service where it comes from, whatever the caller says itself', async () => {
    const said = {
      'x-forwarded-for': '10.9.8.7',
      'x-real-ip': '10.9.8.7',
      forwarded: 'for=1.2.3.4',
    }
    const response = await fetch(`${origin}/job-service/x`, { headers: said })
    const { headers } = (await response.json()) as Echoed
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers['x-forwarded-proto'], 'http')
    assert.equal(headers['x-forwarded-host'], origin.slice('http://'.length))
    assert.equal(headers['x-real-ip'], undefined)
    assert.equal(headers['forwarded'], undefined)
  })

  test('that came through a proxy which is trusted comes from where that proxy says', async () => {
    await using behind = await startTestGateway({
      'configs.services.job.url': job.url,
      'configs.server.trusted-proxies': '127.0.0.1',
    })
    const headers = { 'x-forwarded-for': '10.9.8.7' }
    const response = await fetch(`http://127.0.0.1:${behind.port}/job-service/x`, { headers })
    assert.equal(((await response.json()) as Echoed).headers['x-forwarded-for'], '10.9.8.7')
  })
})

describe('an answer', () => {
  test('is passed on as it comes, not when it is whole', async () => {
    let finish = () => {}
    await using slow = await startEcho(async (_request, response) => {
      response.write('first ')
      finish = () => response.end('second')
    })
    await using streaming = await startTestGateway({ 'configs.services.job.url': slow.url })
    const response = await fetch(`http://127.0.0.1:${streaming.port}/job-service/x`)
    const reader = response.body!.getReader()
    assert.equal(Buffer.from((await reader.read()).value!).toString(), 'first ')
    finish()
    assert.equal(Buffer.from((await reader.read()).value!).toString(), 'second')
  })

  test('that is a stream of events is passed on event by event, beside any other request', async () => {
    const open: ServerResponse[] = []
    await using service = await startEcho(async (request, response) => {
      if (!request.url?.endsWith('/events')) return void response.end('{}')
      open.push(response)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ready\n\n')
    })
    await using streaming = await startTestGateway({ 'configs.services.job.url': service.url })
    const root = `http://127.0.0.1:${streaming.port}/job-service/api/v1`
    const streams: ReadableStreamDefaultReader<Uint8Array>[] = []
    for (let n = 0; n < 300; n++) {
      const path = n % 2 === 0 ? 'jobs/events' : `runs/run_${n}/events`
      const response = await fetch(`${root}/${path}`)
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      streams.push(response.body!.getReader())
    }
    const next = async (stream: (typeof streams)[number]) =>
      Buffer.from((await stream.read()).value!).toString()
    for (const stream of streams) assert.equal(await next(stream), 'event: ready\n\n')
    for (const response of open) response.write('event: told\n\n')
    for (const stream of streams) assert.equal(await next(stream), 'event: told\n\n')
    assert.equal((await fetch(`${root}/jobs`)).status, 200)
    for (const stream of streams) await stream.cancel()
  })

  test('that is a stream of events ends with the gateway, which does not wait for it', async t => {
    await using service = await startEcho(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ready\n\n')
    })
    const stopping = await startTestGateway({ 'configs.services.job.url': service.url })
    const url = `http://127.0.0.1:${stopping.port}/job-service/api/v1/jobs/events`
    const reader = (await fetch(url)).body!.getReader()
    await reader.read()
    t.mock.timers.enable({ apis: ['setTimeout'] }) // its patience never ends
    const stopped = stopping[Symbol.asyncDispose]()
    await assert.rejects(async () => {
      for (;;) if ((await reader.read()).done) return
    })
    await stopped
  })

  test('that is a 503 is not asked for again', async () => {
    let asked = 0
    await using busy = await startEcho(async (_request, response) => {
      asked++
      response.writeHead(503, { 'retry-after': '1' }).end('{}')
    })
    await using before = await startTestGateway({ 'configs.services.job.url': busy.url })
    const response = await fetch(`http://127.0.0.1:${before.port}/job-service/health`)
    assert.deepEqual([response.status, asked], [503, 1])
  })
})

describe('a service that does not answer', () => {
  test('is a 503 in the style of its errors when nobody listens there', async () => {
    const response = await fetch(`${origin}/auth-service/api/v1/auth/signin`, { method: 'POST' })
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '1')
    assert.deepEqual(await response.json(), {
      status: 'SERVICE_UNAVAILABLE',
      message: 'The auth-service cannot be reached, try again later',
    })
  })

  test('is a 503 when nobody knows its name', async () => {
    const response = await fetch(`${origin}/user-service/health`)
    assert.equal(response.status, 503)
    await response.body?.cancel()
  })

  test('is a 502 when it breaks off: the request may have been done', async () => {
    await using broken = await startEcho(async request => {
      request.socket.destroy()
    })
    await using before = await startTestGateway({ 'configs.services.job.url': broken.url })
    const url = `http://127.0.0.1:${before.port}/job-service/api/v1/jobs`
    const response = await fetch(url, { method: 'POST', body: '{}' })
    const body = (await response.json()) as { error: string; path: string }
    assert.equal(response.status, 502)
    assert.equal(body.error, 'Bad Gateway')
    assert.equal(body.path, '/job-service/api/v1/jobs')
  })

  test('is a 504 when it takes longer than it may', async () => {
    await using stuck = await startEcho(async () => {})
    await using before = await startTestGateway({
      'configs.services.job.url': stuck.url,
      'configs.gateway.answer-timeout': '100ms',
    })
    const response = await fetch(`http://127.0.0.1:${before.port}/job-service/x`)
    assert.equal(response.status, 504)
    await response.body?.cancel()
  })
})

test('the gateway is UP whatever became of the services, and says what it serves', async () => {
  for (const path of ['/health', '/health/live', '/health/ready'])
    assert.deepEqual(await (await fetch(origin + path)).json(), { status: 'UP' })
  const { services } = (await (await fetch(origin)).json()) as { services: string[] }
  assert.ok(services.includes('/executor-service'))
})

test('what belongs to no service is a 404, and what is no path a 400', async () => {
  for (const path of ['/job-servicex/api', '/api', '/health/x'])
    assert.equal((await fetch(origin + path)).status, 404, path)
  assert.equal((await fetch(`${origin}/job-service/%zz`)).status, 400)
  assert.equal((await fetch(`${origin}/job-service/%2e%2e%2fauth-service`)).status, 400)
})

interface Echoed {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly size: number
}
