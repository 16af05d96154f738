import { CronosError, type ErrorStyle, errorBody, errorStatus } from '@cronos/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'

export interface ErrorAnswers {
  readonly style: ErrorStyle
  /** Whether an error passes by itself: it is answered with 503. */
  readonly isTransient: (error: unknown) => boolean
}

/** When to come back after a fault that passes, in seconds. */
const RETRY_AFTER_S = '1'

/** The refusals of the framework that may name more than their status does. */
const FRAMEWORK_MESSAGES: Readonly<Record<number, string>> = {
  400: 'the request must be well formed HTTP',
  404: 'there is nothing at this path',
  408: 'the request must arrive within the time limit',
  413: 'the body must not be larger than this path allows',
  414: 'the path must be shorter',
  415: 'Content-Type must be application/json',
  429: 'there were too many requests from this address, try again later',
}

/**
 * The one place where an error becomes an answer. A refusal says what is wrong; a fault that
 * passes is a 503; whatever else happened is a bug: the answer tells nothing, the log all.
 */
export function answerError(
  { style, isTransient }: ErrorAnswers,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, message, errors } = readError(error, isTransient)
  if (status === 500) request.log.error({ err: error, path: pathOf(request) }, 'request failed')
  else if (status === 503) request.log.warn({ err: error, path: pathOf(request) }, 'not available')
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_S)
  reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(errorBody(style, status, message, pathOf(request), new Date(), errors))
}

function readError(
  error: unknown,
  isTransient: (error: unknown) => boolean,
): { status: number; message: string; errors?: readonly string[] | undefined } {
  if (error instanceof CronosError)
    return { status: errorStatus[error.code], message: error.message, errors: error.errors }
  if (isTransient(error))
    return { status: 503, message: 'Cronos cannot answer right now, try again later' }
  const { statusCode } = (error ?? {}) as { statusCode?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    const message = FRAMEWORK_MESSAGES[statusCode] ?? FRAMEWORK_MESSAGES[400]!
    return { status: statusCode, message }
  }
  return { status: 500, message: 'Cronos could not answer this request' }
}

/** The path without its query, which may hold what nobody should see. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!
}
