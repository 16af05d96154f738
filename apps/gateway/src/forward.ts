import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorStyle } from '@cronos/contract'
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyRequest } from 'fastify'
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

/**
 * Hands what comes for `/<name>-service` on to that service, path and body as they are, and its
 * answer back. Bodies are passed on as they come, never held whole. Nothing is ever sent twice:
 * only the caller knows whether that would be harmless.
 */
export async function forwardToServices(
  app: FastifyInstance,
  { urls, answerTimeoutMs }: ForwardOptions,
): Promise<void> {
  const agent = new Agent({
    connections: CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
  })
  app.addHook('onClose', () => agent.destroy())
  await app.register(replyFrom, { undici: agent, disableRequestLogging: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  for (const [name, url] of Object.entries(urls) as [ServiceName, string][]) {
    const service = `${name}-service`
    const style = styleOf(name)
    for (const path of [`/${service}`, `/${service}/*`])
      app.all(path, (request, reply) =>
        reply.from(undefined, {
          getUpstream: () => url,
          rewriteRequestHeaders: (_request, headers) => tellWhoAsks(request, headers),
          retryDelay: () => null,
          onError(_reply, { error }) {
            const { status, message } = whyNoAnswer(service, error)
            refuse(reply, style, status, message)
          },
        }),
      )
  }
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
