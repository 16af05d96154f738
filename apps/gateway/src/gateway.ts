import type { AddressInfo } from 'node:net'
import { type Logger, type StartedService, trustProxies } from '@cronos/runtime'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type GatewayConfig, serviceNames } from './config.ts'
import { forwardToServices } from './forward.ts'
import { refuse } from './refusal.ts'

/** All services on one origin, each under its own path. */
export interface Gateway extends StartedService {
  readonly port: number
}

/** Requests that are under way when the gateway stops have this long to end, in milliseconds. */
const STOP_GRACE_MS = 10_000

/**
 * Starts the gateway. It needs nothing to start: what a service that is away would have answered
 * is a 503.
 *
 * @throws when the port cannot be listened on
 */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const { host, port, trustedProxies } = config.server
  const proxies = trustProxies(trustedProxies, { log })
  const app = await buildGateway(config, log, proxies.trusts)
  await app.listen({ host, port })
  const address = app.server.address() as AddressInfo
  log.info({ host, port: address.port }, 'gateway listens')

  const stopped = Promise.withResolvers<void>()
  return {
    name: 'gateway',
    port: address.port,
    done: stopped.promise,
    async [Symbol.asyncDispose]() {
      proxies[Symbol.dispose]()
      const timer = setTimeout(() => app.server.closeAllConnections(), STOP_GRACE_MS)
      try {
        await app.close()
      } finally {
        clearTimeout(timer)
        stopped.resolve()
      }
    },
  }
}

async function buildGateway(
  { services, answerTimeoutMs }: GatewayConfig,
  log: Logger,
  trusts: (address: string) => boolean,
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trusts,
    requestTimeout: 30_000,
    return503OnClosing: false, // what is already on its way is still answered
    frameworkErrors: (_error, _request, reply) =>
      refuse(reply, 'timed', 400, 'the request must be well formed HTTP'),
  })
  app.setErrorHandler((error, request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number }
    if (statusCode < 500)
      return refuse(reply, 'timed', statusCode, 'the request must be well formed HTTP')
    request.log.error({ err: error, path: request.url.split('?', 1)[0] }, 'request failed')
    return refuse(reply, 'timed', 500, 'Cronos could not answer this request')
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!.slice(0, 200)
    return refuse(reply, 'timed', 404, `there is nothing at ${path}`)
  })
  app.get('/', async () => ({ services: serviceNames.map(name => `/${name}-service`) }))
  for (const path of ['/health', '/health/live', '/health/ready'])
    app.get(path, async () => ({ status: 'UP' }))
  await forwardToServices(app, { urls: services, answerTimeoutMs })
  await app.ready()
  return app
}
