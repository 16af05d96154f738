import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { anyone } from './http/guard.ts'
import { type HttpServiceOptions, startHttpService } from './http-service.ts'

class Away extends Error {}

const options: HttpServiceOptions = {
  name: 'echo-service',
  errors: 'named',
  log: pino({ level: 'silent' }),
  isTransient: error => error instanceof Away,
  host: '127.0.0.1',
  port: 0,
  checks: {},
  routes: app => {
    app.get('/echo', { config: { access: anyone } }, async () => ({ said: 'echo' }))
  },
}

async function get(port: number, path: string): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return [response.status, await response.json()]
}

test('health is answered below the service path and at the root', async () => {
  await using service = await startHttpService(options)
  await service.ready
  for (const path of ['/health', '/health/live', '/health/ready'])
    for (const prefix of ['', '/echo-service'])
      assert.deepEqual(await get(service.port, prefix + path), [200, { status: 'UP' }])
})

test('until it is prepared a service is DOWN, alive, and answers 503', async () => {
  const prepared = Promise.withResolvers<void>()
  await using service = await startHttpService({ ...options, prepare: () => prepared.promise })
  const down = { status: 'DOWN', checks: { startup: 'DOWN' } }
  assert.deepEqual(await get(service.port, '/health'), [503, down])
  assert.deepEqual(await get(service.port, '/health/live'), [200, { status: 'UP' }])
  const busy = { status: 'SERVICE_UNAVAILABLE', message: 'Cronos is starting, try again soon' }
  assert.deepEqual(await get(service.port, '/echo-service/echo'), [503, busy])
  prepared.resolve()
  await service.ready
  assert.deepEqual(await get(service.port, '/echo-service/echo'), [200, { said: 'echo' }])
})

test('a limit counts the addresses that a trusted proxy names, and those of nobody else', async () => {
  const routes: HttpServiceOptions['routes'] = app => {
    const config = { access: anyone, rateLimit: { max: 1, timeWindow: 60_000 } }
    app.get('/echo', { config }, async () => ({ said: 'echo' }))
  }
  const trusting = { ...options, routes, trustedProxies: ['127.0.0.1'] }
  assert.deepEqual(await statusesFrom(trusting, ['10.0.0.1', '10.0.0.2']), [200, 200])
  assert.deepEqual(await statusesFrom({ ...options, routes }, ['10.0.0.1', '10.0.0.2']), [200, 429])

  async function statusesFrom(service: HttpServiceOptions, addresses: string[]): Promise<number[]> {
    await using started = await startHttpService(service)
    await started.ready
    const statuses: number[] = []
    for (const address of addresses) {
      const headers = { 'x-forwarded-for': address }
      const url = `http://127.0.0.1:${started.port}/echo-service/echo`
      statuses.push((await fetch(url, { headers })).status)
    }
    return statuses
  }
})

test('what a service needs may come late: it tries until it is there', async () => {
  let tries = 0
  const prepare = async () => {
    if (++tries < 3) throw new Away()
  }
  await using service = await startHttpService({ ...options, prepare })
  await service.ready
  assert.equal(tries, 3)
})

test('what will never pass ends the service with its reason', async () => {
  const prepare = async () => {
    throw new Error('migration 0001 was applied with other contents')
  }
  await using service = await startHttpService({ ...options, prepare })
  await assert.rejects(service.done, /other contents/)
})

test('health names what is missing', async () => {
  const checks = {
    database: async () => {
      throw new Away('connect ECONNREFUSED 10.0.0.7:5432')
    },
    bus: async () => {},
  }
  await using service = await startHttpService({ ...options, checks })
  await service.ready
  const down = { status: 'DOWN', checks: { database: 'DOWN', bus: 'UP' } }
  assert.deepEqual(await get(service.port, '/health'), [503, down])
})

test('a service can answer for a server that serves several', async () => {
  await using service = await startHttpService(options)
  await service.ready
  await using server = createServer((request, response) => service.handle(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  assert.deepEqual(await get(port, '/echo-service/echo'), [200, { said: 'echo' }])
  server.closeAllConnections()
})

test('a port that is taken rejects the start', async () => {
  await using service = await startHttpService(options)
  await assert.rejects(startHttpService({ ...options, port: service.port }), { code: 'EADDRINUSE' })
})

test('stopping ends what is under way before it resolves', async () => {
  const entered = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<object>()
  const service = await startHttpService({
    ...options,
    routes: app => {
      app.get('/slow', { config: { access: anyone } }, () => {
        entered.resolve()
        return answer.promise
      })
    },
  })
  await service.ready
  const asked = get(service.port, '/echo-service/slow')
  await entered.promise
  const stopped = service[Symbol.asyncDispose]()
  answer.resolve({ late: true })
  assert.deepEqual(await asked, [200, { late: true }])
  await stopped
  await service.done
  await assert.rejects(get(service.port, '/health'))
})

test('a route that does not say who may use it is found at the start', async () => {
  const routes: HttpServiceOptions['routes'] = app => {
    app.get('/open', async () => ({}))
  }
  await assert.rejects(startHttpService({ ...options, routes }), /\/open must say who may use it/)
})
