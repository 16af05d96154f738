import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorStyle } from '@cronos/contract'
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { Agent } from 'undici'
import type { ServiceName } from './config.ts'
import { refuse, whyNoAnswer } from './refusal.ts'

export interface ForwardOptions {
  /** Where each service is: `http://host:port`. */
  readonly urls: Readonly<Record<ServiceName, string>>
  /** For the beginning of an answer, and for each next part of it. */
  readonly answerTimeoutMs: number
}

/** A service that takes longer to accept a connection counts as away, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000
/** Connections to one service at most; further requests wait for one of them. */
const CONNECTIONS = 256
/** Streams of events have connections of their own, so that no request waits behind them. */
const STREAMS = 5_000
/** A stream that is silent for so long is broken: the job-service shows it each 15 s that it is there. */
const SILENCE_MS = 60_000
/** What answers with a stream of events. */
const STREAM_PATHS = ['/job-service/api/v1/jobs/events', '/job-service/api/v1/runs/:runId/events']

/**
 * Hands what comes for `/<name>-service` on to that service, path and body as they are, and its
 * answer back. Bodies are passed on as they come, never held whole. Nothing is ever sent twice:
 * only the caller knows whether that would be harmless.
 */
export async function forwardToServices(
  app: FastifyInstance,
  { urls, answerTimeoutMs }: ForwardOptions,
): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  const connect = { timeout: CONNECT_TIMEOUT_MS }
  const timeouts = { headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs }

  const requests = new Agent({ connections: CONNECTIONS, connect, ...timeouts })
  app.addHook('onClose', () => requests.destroy())
  await app.register(async scope => {
    await scope.register(replyFrom, { undici: requests, disableRequestLogging: true })
    for (const [name, url] of Object.entries(urls) as [ServiceName, string][])
      for (const path of [`/${name}-service`, `/${name}-service/*`])
        scope.all(path, forwardTo(name, url))
  })

  const silence = { ...timeouts, bodyTimeout: Math.max(answerTimeoutMs, SILENCE_MS) }
  const streams = new Agent({ connections: STREAMS, connect, ...silence })
  app.addHook('preClose', () => streams.destroy()) // a stream has no end that could be waited for
  await app.register(async scope => {
    await scope.register(replyFrom, { undici: streams, disableRequestLogging: true })
    for (const path of STREAM_PATHS)
      scope.get(path, { exposeHeadRoute: false }, forwardTo('job', urls.job))
  })
}

function forwardTo(name: ServiceName, url: string): RouteHandlerMethod {
  const service = `${name}-service`
  const style = styleOf(name)
  return (request, reply) =>
    reply.from(undefined, {
      getUpstream: () => url,
      rewriteRequestHeaders: (_request, headers) => tellWhoAsks(request, headers),
      retryDelay: () => null,
      onError(_reply, { error }) {
        const { status, message } = whyNoAnswer(service, error)
        refuse(reply, style, status, message)
      },
    })
}

/** The services' errors come in two styles, and so do ours in their place. */
function styleOf(name: ServiceName): ErrorStyle {
  return name === 'auth' || name === 'user' ? 'named' : 'timed'
}

/**
 * Says for whom we ask. What a caller wrote in these headers itself is dropped: `request.ip` has
 * read them where it came through a proxy that is trusted.
 */
function tellWhoAsks(request: FastifyRequest, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { expect: _, forwarded: __, 'x-real-ip': ___, ...others } = headers
  const hasNoBody = request.method === 'GET' || request.method === 'HEAD'
  if (hasNoBody) delete others['content-length'] // a body that came is not sent on
  return {
    ...others,
    'x-forwarded-for': request.ip,
    'x-forwarded-host': request.host,
    'x-forwarded-proto': request.protocol,
  }
}
