/** Answers a token for one audience and its scopes. */
export interface ServiceTokens {
  get(): Promise<string>
  /** Forgets a token that its audience refused; a newer one stays. */
  drop(token: string): void
}

export interface ServiceTokenOptions {
  /** Of the auth-service: `http://auth-service:8080`. */
  readonly authUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly audience: string
  readonly scopes: readonly string[]
}

/** A token is renewed so long before it expires, in milliseconds. */
const MARGIN_MS = 60_000
const TIMEOUT_MS = 5_000

/** Asks the auth-service for a token when one is first needed, and again shortly before it expires. */
export function serviceTokens(options: ServiceTokenOptions): ServiceTokens {
  let current: { token: Promise<string>; text?: string; goodUntil: number } | null = null
  return {
    get() {
      if (current !== null && performance.now() < current.goodUntil) return current.token
      // Whoever asks while the answer is on its way gets the same one.
      const fetching = fetchToken(options)
      const mine = { token: fetching.then(({ token }) => token), goodUntil: Infinity }
      current = mine
      fetching.then(
        ({ token, expiresIn }) => {
          const lifeMs = expiresIn * 1_000
          const goodUntil = performance.now() + lifeMs - Math.min(MARGIN_MS, lifeMs / 2)
          if (current === mine) current = { token: mine.token, text: token, goodUntil }
        },
        () => {
          if (current === mine) current = null // who awaits the token hears why
        },
      )
      return mine.token
    },
    drop(token) {
      if (current?.text === token) current = null
    },
  }
}

interface TokenAnswer {
  readonly token: string
  /** In seconds. */
  readonly expiresIn: number
}

async function fetchToken(options: ServiceTokenOptions): Promise<TokenAnswer> {
  const { authUrl, clientId, clientSecret, audience, scopes } = options
  const url = new URL('/auth-service/api/internal/token', authUrl)
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ clientId, clientSecret, audience, scopes }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`the auth-service answered ${response.status} when asked for a token`)
  }
  const answer = (await response.json()) as Partial<TokenAnswer>
  if (typeof answer.token !== 'string' || typeof answer.expiresIn !== 'number')
    throw new Error('the auth-service answered without token or expiresIn')
  return { token: answer.token, expiresIn: answer.expiresIn }
}
