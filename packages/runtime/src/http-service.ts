import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Check, healthOf } from './health.ts'
import { buildHttpApp, type HttpAppOptions } from './http/app.ts'
import { trustProxies } from './http/trusted-proxies.ts'
import { retryUntilDone } from './retry-until-done.ts'
import type { StartedService } from './started-service.ts'

export interface HttpServiceOptions extends Omit<HttpAppOptions, 'health' | 'isReady' | 'trusts'> {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Addresses, networks and host names of the proxies before the service; none unless told. */
  readonly trustedProxies?: readonly string[]
  /** What the service needs for its work, by name; `/health` asks them all. */
  readonly checks: Readonly<Record<string, Check>>
  /**
   * What must be done before the service can work, such as migrating its database. It is tried
   * until it is done, while the service listens, answers 503 and says DOWN.
   */
  readonly prepare?: () => Promise<void>
}

/** A service that answers HTTP. */
export interface HttpService extends StartedService {
  /** The port that it listens on. */
  readonly port: number
  /** Everything but the root's health lies below this path: `/job-service`. */
  readonly path: string
  /** Resolves when the service can work; rejects with what makes that impossible. */
  readonly ready: Promise<void>
  /** Answers a request that came to another server: all services on one origin. */
  handle(request: IncomingMessage, response: ServerResponse): void
}

/** Requests that are under way when the service stops have this long to end, in milliseconds. */
const STOP_GRACE_MS = 10_000

/**
 * Starts to listen, then prepares. Resolves as soon as the port answers.
 *
 * @throws when the port cannot be listened on
 */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { name, host, port, log, isTransient, checks, prepare = async () => {} } = options
  const proxies = trustProxies(options.trustedProxies ?? [], { log })
  const stop = new AbortController()
  let isReady = false
  const health = healthOf(checks, log)
  const app = await buildHttpApp({
    ...options,
    isReady: () => isReady,
    trusts: proxies.trusts,
    async health() {
      const report = await health()
      if (isReady) return report
      return { status: 'DOWN', checks: { ...report.checks, startup: 'DOWN' } }
    },
  })
  await app.listen({ host, port })
  const address = app.server.address() as AddressInfo
  log.info({ host, port: address.port }, `${name} listens`)

  const stopped = Promise.withResolvers<void>()
  const ready = retryUntilDone(`${name} is preparing`, prepare, {
    log,
    isTransient,
    signal: stop.signal,
  }).then(() => {
    isReady = true
    log.info(`${name} is ready`)
  })
  ready.catch(error => {
    if (!stop.signal.aborted) stopped.reject(error)
  })
  stopped.promise.catch(() => {}) // `done` still rejects for its owner; Node only learns of one

  return {
    name,
    port: address.port,
    path: `/${name}`,
    ready,
    done: stopped.promise,
    handle: (request, response) => app.routing(request, response),
    async [Symbol.asyncDispose]() {
      stop.abort()
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
