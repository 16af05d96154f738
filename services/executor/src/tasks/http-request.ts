import { formatInstant } from '@cronos/domain'
import { type Static, Type } from 'typebox'
import { parseDuration } from '../duration.ts'
import { readableBody } from '../net/body.ts'
import { AddressRefusedError, type Exchange } from '../net/exchange.ts'
import { userHeaders } from '../net/headers.ts'
import { exchangeFollowing, type FinalAnswer } from '../net/redirects.ts'
import { retryAfterMs } from '../net/retry-after.ts'
import { show } from '../registry.ts'
import { defineTask, PermanentError, RetryAfterError, type TaskContext } from '../task.ts'

/** So much of an answer is kept, in bytes. */
const KEPT_BYTES = 64 * 1024
const DEFAULT_TIMEOUT_MS = 30_000
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Statuses from 400 to 499 that say "later" and not "never". */
const PASSING = new Set([408, 425, 429])

const payload = Type.Object({
  url: Type.String({ description: 'an http or https URL' }),
  method: Type.Optional(Type.String({ description: `one of ${METHODS.join(', ')}` })),
  headers: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'an object of texts by header name' }),
  ),
  body: Type.Optional(Type.Unknown()),
  timeout: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1 }), Type.String()], {
      description: 'a duration such as "30s" or 500 (milliseconds)',
    }),
  ),
  acceptedStatuses: Type.Optional(
    Type.Array(
      Type.Union([
        Type.Integer({ minimum: 200, maximum: 599 }),
        Type.String({ pattern: '^[2-5]xx$' }),
      ]),
      { minItems: 1, description: 'a list of statuses such as [200, 404, "3xx"]' },
    ),
  ),
  maxRedirects: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10, description: 'a whole number from 0 to 10' }),
  ),
})

type Payload = Static<typeof payload>

/** Calls a URL, and keeps the status and the beginning of the answer as the run's output. */
export default defineTask({
  name: 'http_request',
  payload,
  async run(payload, context) {
    const request = toExchange(payload, context)
    const timeoutMs = timeoutOf(payload)
    const late = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([context.signal, late])
    const what = `${request.method} ${nameOf(request.url)}`
    let answer: FinalAnswer
    try {
      const options = { policy: context.tools.addressPolicy, maxBytes: KEPT_BYTES, signal }
      answer = await exchangeFollowing(request, options, payload.maxRedirects ?? 0)
    } catch (cause) {
      context.signal.throwIfAborted()
      if (cause instanceof AddressRefusedError)
        throw new PermanentError(`${what}: ${cause.message}`, { cause })
      const why = late.aborted ? `no answer within ${timeoutMs} ms` : messageOf(cause)
      throw new Error(`${what}: ${why}`, { cause })
    }
    context.log.info(`${what} answered ${answer.status}`, {
      contentType: answer.headers['content-type'] ?? null,
      bytes: answer.body.byteLength,
      truncated: answer.truncated,
      ...(answer.redirects > 0 && { redirects: answer.redirects }),
    })
    const body = readableBody(answer.body, answer.truncated)
    if (!isAccepted(answer.status, payload.acceptedStatuses)) throw toError(what, answer, body)
    return {
      status: answer.status,
      ...(answer.redirects > 0 && { url: nameOf(answer.url), redirects: answer.redirects }),
      contentType: answer.headers['content-type'] ?? null,
      ...body,
      truncated: answer.truncated,
    }
  },
})

function toExchange(payload: Payload, context: TaskContext): Exchange {
  const url = URL.parse(payload.url)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new PermanentError(`payload.url must be an http or https URL, got ${show(payload.url)}`)
  const hasBody = payload.body !== undefined && payload.body !== null
  const method = (payload.method ?? (hasBody ? 'POST' : 'GET')).toUpperCase()
  if (!METHODS.includes(method))
    throw new PermanentError(
      `payload.method must be one of ${METHODS.join(', ')}, got ${show(payload.method)}`,
    )
  if (hasBody && (method === 'GET' || method === 'HEAD'))
    throw new PermanentError(`payload.body must be absent: ${method} carries none`)

  const text = typeof payload.body === 'string'
  return {
    url,
    method,
    headers: {
      accept: '*/*',
      'user-agent': 'Cronos',
      ...(hasBody && { 'content-type': text ? 'text/plain; charset=utf-8' : 'application/json' }),
      ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
      ...userHeaders(payload.headers ?? {}),
      ...runHeaders(context),
    },
    body: hasBody ? Buffer.from(text ? String(payload.body) : JSON.stringify(payload.body)) : null,
  }
}

/** What tells the target a repeat from a new run, and a fenced-out caller from the holder. */
function runHeaders(context: TaskContext): Record<string, string> {
  return {
    'idempotency-key': context.runId,
    'cronos-job-id': context.jobId,
    'cronos-run-id': context.runId,
    'cronos-scheduled-at': formatInstant(context.scheduledAt),
    'cronos-attempt': String(context.attempt),
    'cronos-fence': String(context.fence),
  }
}

/** The attempt's own time limit ends it earlier where it is shorter. */
function timeoutOf({ timeout = DEFAULT_TIMEOUT_MS }: Payload): number {
  const ms = typeof timeout === 'number' ? timeout : parseDuration(timeout)
  if (ms === null || ms > 0x7fff_ffff)
    throw new PermanentError(
      `payload.timeout must be a duration such as "30s", got ${show(timeout)}`,
    )
  return ms
}

function isAccepted(status: number, accepted: Payload['acceptedStatuses'] = ['2xx']): boolean {
  return accepted.some(one => one === status || one === `${Math.floor(status / 100)}xx`)
}

function toError(what: string, answer: FinalAnswer, body: object): Error {
  const { status, headers, url } = answer
  const to = headers.location && URL.parse(headers.location, url.href)
  const redirect = to
    ? `, a redirect to ${nameOf(to)} (payload.maxRedirects lets it be followed)`
    : ''
  const said = 'body' in body && body.body !== '' ? `: ${String(body.body).slice(0, 200)}` : ''
  const message = `${what} answered ${status}${redirect}${said}`
  if (status >= 400 && status < 500 && !PASSING.has(status)) return new PermanentError(message)
  const waitMs = retryAfterMs(headers)
  return waitMs === null ? new Error(message) : new RetryAfterError(message, waitMs)
}

/** A URL in a message: without credentials and query, which may hold secrets. */
function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** The message, or of several connections that failed each one's. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
