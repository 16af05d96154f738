import { type ErrorStyle, errorBody } from '@cronos/contract'
import type { FastifyReply } from 'fastify'

/** When to come back to a service that is away, in seconds. */
const RETRY_AFTER_S = '1'

/** Answers instead of a service, in the style of its own errors. */
export function refuse(
  reply: FastifyReply,
  style: ErrorStyle,
  status: number,
  message: string,
): FastifyReply {
  const path = reply.request.url.split('?', 1)[0]!
  if (status === 503) reply.header('retry-after', RETRY_AFTER_S)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(style, status, message, path, new Date())))
}

/** What to say of a service that did not answer, and with which status. */
export function whyNoAnswer(service: string, error: Error): { status: number; message: string } {
  const { code = '' } = (error.cause ?? error) as NodeJS.ErrnoException
  if (NEVER_REACHED.has(code))
    return { status: 503, message: `The ${service} cannot be reached, try again later` }
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return { status: 504, message: `The ${service} did not answer in time` }
  return { status: 502, message: `The ${service} broke off before it had answered` }
}

/** The service has seen nothing of the request: whoever sent it can send it again. */
const NEVER_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
