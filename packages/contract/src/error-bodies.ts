import { type Static, Type } from 'typebox'

/** What auth- and user-service answer to a mistake. */
export const NamedError = Type.Object({
  status: Type.String({ examples: ['CONFLICT'] }),
  message: Type.String({ examples: ['Username already taken'] }),
})
export type NamedError = Static<typeof NamedError>

/** What job-, scheduler- and executor-service answer to a mistake. */
export const TimedError = Type.Object({
  timestamp: Type.String({ format: 'date-time' }),
  status: Type.Integer({ examples: [400] }),
  error: Type.String({ examples: ['Bad Request'] }),
  message: Type.String({ examples: ['jobType must be provided'] }),
  path: Type.String({ examples: ['/job-service/api/v1/jobs'] }),
  errors: Type.Optional(
    Type.Array(Type.String(), { description: 'Where several things are wrong: each of them' }),
  ),
})
export type TimedError = Static<typeof TimedError>

/** The two styles in which errors are answered. */
export type ErrorStyle = 'named' | 'timed'

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/** The body of an error answer. A status without a reason of its own reads as its class does. */
export function errorBody(
  style: ErrorStyle,
  status: number,
  message: string,
  path: string,
  now: Date,
  errors?: readonly string[],
): NamedError | TimedError {
  const reason = REASONS[status] ?? REASONS[status < 500 ? 400 : 500]!
  if (style === 'named') return { status: reason.toUpperCase().replaceAll(' ', '_'), message }
  const body = { timestamp: now.toISOString(), status, error: reason, message, path }
  return errors === undefined ? body : { ...body, errors: [...errors] }
}
