import { createHmac } from 'node:crypto'
import { JWT_SECRET } from './cluster.ts'

/** What a request came to; null where no answer came, so that it may have been done or not. */
export interface Answered {
  readonly sentAt: number
  readonly answeredAt: number
  readonly status: number | null
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any
}

/** How long an answer is waited for, in milliseconds. */
const PATIENCE_MS = 20_000

/** Asks the job-service as this owner. A network error is an answer that did not come. */
export async function ask(
  origin: string | null,
  owner: string,
  path: string,
  body?: object,
): Promise<Answered> {
  const sentAt = Date.now()
  const answered = (status: number | null, answer: unknown): Answered => ({
    ...{ sentAt, answeredAt: Date.now(), status, body: answer },
  })
  try {
    const response = await fetch(`${origin ?? 'http://127.0.0.1:1'}/job-service/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${tokenOf(owner)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await response.text()
    return answered(response.status, text === '' ? null : JSON.parse(text))
  } catch {
    return answered(null, null)
  }
}

const HOUR_S = 3_600
const tokens = new Map<string, string>()

/** An access token that a test signs by itself: services share nothing but the secret. */
function tokenOf(owner: string): string {
  const known = tokens.get(owner)
  if (known !== undefined) return known
  const now = Math.floor(Date.now() / 1_000)
  const scopes = ['jobs.create', 'jobs.read', 'jobs.update']
  const claims = { sub: owner, uid: owner, roles: ['ROLE_USER'], scopes, iat: now - HOUR_S }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: 'HS512' })}.${encode({ ...claims, exp: now + 24 * HOUR_S })}`
  const token = `${signed}.${createHmac('sha512', JWT_SECRET).update(signed).digest('base64url')}`
  tokens.set(owner, token)
  return token
}
