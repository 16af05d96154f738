import { createHash, timingSafeEqual } from 'node:crypto'
import { CronosError, type ServiceTokenAnswer, type ServiceTokenRequest } from '@cronos/contract'
import type { TokenIssuer } from '@cronos/runtime'
import type { AuthConfig } from './config.ts'

type ServiceTokenConfig = Pick<AuthConfig, 'clients' | 'policy' | 'jwt'>

/**
 * Answers tokens that services show each other.
 *
 * @throws {CronosError} WRONG_CREDENTIALS, or OUTSIDE_POLICY when the audience is unknown or not
 *   all scopes are given to it; no scopes at all are outside too
 */
export function serviceTokens(
  issuer: TokenIssuer,
  { clients, policy, jwt }: ServiceTokenConfig,
): (request: ServiceTokenRequest) => ServiceTokenAnswer {
  const secrets = new Map(
    [...clients.values()].map(({ id, password }) => [id, digestOf(password.reveal())]),
  )
  const nobodys = digestOf('')
  const expiresIn = Math.floor(jwt.serviceMs / 1_000)

  return ({ clientId, clientSecret, audience, scopes }) => {
    const expected = secrets.get(clientId)
    const isRight = timingSafeEqual(digestOf(clientSecret), expected ?? nobodys)
    if (expected === undefined || !isRight)
      throw new CronosError('WRONG_CREDENTIALS', 'Invalid clientId or clientSecret')
    const allowed = policy.get(audience)?.scopes ?? []
    const asked = [...new Set(scopes)]
    if (asked.length === 0)
      throw new CronosError('OUTSIDE_POLICY', 'scopes must name at least one scope')
    if (!asked.every(scope => allowed.includes(scope)))
      throw new CronosError('OUTSIDE_POLICY', 'audience and scopes must be within the policy')
    return { token: issuer.issueService({ clientId, audience, scopes: asked }), expiresIn }
  }
}

/** Digests have one length, so comparing them in constant time tells nothing of the secret's. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
