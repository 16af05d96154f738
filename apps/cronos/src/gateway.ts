import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  buildHttpApp,
  type Check,
  type HttpService,
  healthOf,
  type Logger,
  type StartedService,
} from '@cronos/runtime'
import { isTransient } from '@cronos/store'
import { urlOf } from './url.ts'

/** All services on one origin, each under its own path. */
export interface Gateway extends StartedService {
  readonly port: number
}

export interface GatewayOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly log: Logger
}

/** Requests that are under way when the gateway stops have this long to end, in milliseconds. */
const STOP_GRACE_MS = 10_000

/**
 * Hands each request to the service whose path it begins with, in this process: nothing goes over
 * the network twice. `/` tells where things are, `/health` is UP when all services are.
 *
 * @throws when the port cannot be listened on
 */
export async function startGateway(
  services: readonly HttpService[],
  { host, port, log }: GatewayOptions,
): Promise<Gateway> {
  const front = await buildHttpApp({
    name: 'cronos',
    errors: 'timed',
    ...{ log, isTransient },
    isReady: () => true,
    health: healthOf(checksOf(services, host), log),
  })
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!
    const service = services.find(each => path === each.path || path.startsWith(`${each.path}/`))
    if (service !== undefined) service.handle(request, response)
    else if (path === '/' && request.method === 'GET') tellPlaces(request, response)
    else front.routing(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const stopped = Promise.withResolvers<void>()
  return {
    name: 'gateway',
    port: (server.address() as AddressInfo).port,
    done: stopped.promise,
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
      await new Promise<void>(resolve => server.close(() => resolve()))
      clearTimeout(timer)
      await front.close()
      stopped.resolve()
    },
  }
}

/** Until the dashboard is there: the paths of everything, for people and programs. */
const PLACES = JSON.stringify({
  name: 'Cronos',
  health: '/health',
  services: {
    'auth-service': { docs: '/auth-service/docs', openapi: '/auth-service/openapi.json' },
    'user-service': { docs: '/user-service/docs', openapi: '/user-service/openapi.json' },
    'job-service': { docs: '/job-service/docs', openapi: '/job-service/openapi.json' },
    'scheduler-service': { health: '/scheduler-service/health' },
    'executor-service': { health: '/executor-service/health' },
  },
})

const tellPlaces: RequestListener = (_request, response) => {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(PLACES)
}

function checksOf(services: readonly HttpService[], host: string): Record<string, Check> {
  const check = async (service: HttpService) => {
    const { ok, status } = await fetch(`${urlOf(host, service.port)}/health`)
    if (!ok) throw new Error(`${service.name} answered ${status}`)
  }
  return Object.fromEntries(services.map(service => [service.name, () => check(service)]))
}
