import { type Answer, type Exchange, type ExchangeOptions, exchange } from './exchange.ts'

/** What may go to another origin than the one that the user wrote it for: no secrets. */
const CARRIED_ACROSS =
  /^(accept|accept-language|content-type|user-agent|idempotency-key|cronos-.*)$/i

/** An answer, and the address that gave it in the end. */
export interface FinalAnswer extends Answer {
  readonly url: URL
  readonly redirects: number
}

/**
 * Sends a request and follows up to `maxRedirects` redirects, each under the same policy. Where a
 * redirect leaves the origin, headers that the user wrote stay behind. Past the last redirect the
 * answer is the redirect itself.
 *
 * @throws as `exchange` does
 */
export async function exchangeFollowing(
  first: Exchange,
  options: ExchangeOptions,
  maxRedirects: number,
): Promise<FinalAnswer> {
  let request = first
  for (let redirects = 0; ; redirects += 1) {
    const answer = await exchange(request, options)
    const next = redirects < maxRedirects ? redirected(request, answer) : null
    if (next === null) return { ...answer, url: request.url, redirects }
    request = next
  }
}

/**
 * The request that a redirect asks for; null when the answer is none that can be followed. Like
 * browsers do, 303 turns into GET, and so do 301 and 302 after a POST.
 * @see RFC 9110, section 15.4
 */
export function redirected(
  { url, method, headers, body }: Exchange,
  { status, headers: { location } }: Pick<Answer, 'status' | 'headers'>,
): Exchange | null {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return null
  const target = URL.parse(location, url.href)
  if (target === null || !/^https?:$/.test(target.protocol)) return null
  target.username = ''
  target.password = ''

  const toGet =
    status === 303 ? method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST'
  const kept = Object.entries(headers)
    .filter(([name]) => target.origin === url.origin || CARRIED_ACROSS.test(name))
    .filter(([name]) => !(toGet && name.toLowerCase() === 'content-type'))
  return {
    url: target,
    method: toGet ? 'GET' : method,
    headers: Object.fromEntries(kept),
    body: toGet ? null : body,
  }
}
