import type { UserId } from '@cronos/domain'
import type { ServiceTokens } from '../net/service-token.ts'

/** Where mails to a job's owner go. */
export interface Contacts {
  /** Null where the user is unknown. */
  emailOf(user: UserId): Promise<string | null>
}

/** A changed address takes effect within this time, in milliseconds. */
const TRUSTED_MS = 30_000
const MOST_KEPT = 1_000
const TIMEOUT_MS = 5_000

/**
 * Asks the user-service. Answers are trusted for half a minute: an owner whose thousand jobs are due
 * at once is looked up once.
 *
 * @param userUrl of the user-service: `http://user-service:8081`
 */
export function openContacts(userUrl: string, tokens: ServiceTokens): Contacts {
  const known = new Map<UserId, { email: Promise<string | null>; until: number }>()
  return {
    emailOf(user) {
      const kept = known.get(user)
      if (kept !== undefined && performance.now() < kept.until) return kept.email
      const email = fetchEmail(userUrl, tokens, user)
      known.delete(user) // and to the end: the first of the map is the oldest
      known.set(user, { email, until: performance.now() + TRUSTED_MS })
      if (known.size > MOST_KEPT) known.delete(known.keys().next().value!)
      email.catch(() => {
        if (known.get(user)?.email === email) known.delete(user) // who awaits it hears why
      })
      return email
    },
  }
}

async function fetchEmail(
  userUrl: string,
  tokens: ServiceTokens,
  user: UserId,
): Promise<string | null> {
  const first = await tokens.get()
  let response = await post(userUrl, first, user)
  if (response.status === 401) {
    // The secret may have been changed under a token that had not expired.
    await response.body?.cancel()
    tokens.drop(first)
    response = await post(userUrl, await tokens.get(), user)
  }
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`the user-service answered ${response.status} when asked for an address`)
  }
  const answer = (await response.json()) as { users?: { email?: unknown }[] }
  const email = answer.users?.[0]?.email
  if (email !== null && typeof email !== 'string')
    throw new Error('the user-service answered without an email')
  return email
}

function post(userUrl: string, token: string, user: UserId): Promise<Response> {
  return fetch(new URL('/user-service/api/internal/user/contact', userUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ userIds: [user] }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
}
