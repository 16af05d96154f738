import type { UserId } from '@cronos/domain'
import { createSigner, createVerifier, type SignerOptions } from 'fast-jwt'
import type { Secret } from './config/secret.ts'

/** Who asks, as an access token says it. */
export interface Caller {
  readonly userId: UserId
  readonly username: string
  readonly scopes: readonly string[]
  /** When the token's time is over, in epoch milliseconds. */
  readonly expiresAtMs: number
}

/** A service that asks, as a service token says it. */
export interface ServiceCaller {
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** Why a token was refused. */
export type Refused = 'expired' | 'invalid'

/** The claims of a good token that its reader may want. */
interface Claims {
  readonly sub?: unknown
  readonly uid?: unknown
  readonly exp?: unknown
  readonly aud?: unknown
  readonly type?: unknown
  readonly scopes?: unknown
  readonly scope?: unknown
}

/** The claim `type` of a refresh token: the mark that keeps it from opening an API. */
const REFRESH = 'refresh'

/** The one algorithm of Cronos: a token with any other is refused, whatever its signature. */
const ALGORITHM = 'HS512'

/**
 * Tokens that were good are known again, up to so many of so many characters: a client sends the same
 * one for minutes, and a signature costs more than all else that is done for a small request.
 */
const KEPT = 1_000
const KEPT_LENGTH = 2_000

/** Reads the three kinds of token; each reader refuses the other two kinds. */
export interface TokenReader {
  readAccess(token: string): Caller | Refused
  /** @returns the user id */
  readRefresh(token: string): { readonly userId: UserId } | Refused
  /** @param audience the service that was asked */
  readService(token: string, audience: string): ServiceCaller | Refused
}

/**
 * @param secret 64 or more bytes: its UTF-8 bytes are the key
 */
export function tokenReader(secret: Secret): TokenReader {
  // Its own cache lets an answer outlive `exp`.
  const verify = createVerifier({
    key: Buffer.from(secret.reveal(), 'utf8'),
    algorithms: [ALGORITHM],
    requiredClaims: ['exp'],
    cache: false,
  })
  const good = new Map<string, Claims>()

  return {
    readAccess(token) {
      const claims = read(token)
      if (typeof claims === 'string') return claims
      const { uid, sub, aud, type, scopes, exp } = claims
      if (!isName(uid) || aud !== undefined || type === REFRESH) return 'invalid'
      const username = isName(sub) ? sub : ''
      const expiresAtMs = Number(exp) * 1_000
      return { userId: uid as UserId, username, scopes: namesIn(scopes), expiresAtMs }
    },
    readRefresh(token) {
      const claims = read(token)
      if (typeof claims === 'string') return claims
      const { uid, aud, type } = claims
      if (!isName(uid) || aud !== undefined || type !== REFRESH) return 'invalid'
      return { userId: uid as UserId }
    },
    readService(token, audience) {
      const claims = read(token)
      if (typeof claims === 'string') return claims
      const { sub, uid, aud, type, scope } = claims
      const audiences = Array.isArray(aud) ? aud : [aud]
      if (uid !== undefined || type !== undefined || !isName(sub)) return 'invalid'
      if (!audiences.includes(audience)) return 'invalid'
      return { clientId: sub, scopes: namesIn(scope) }
    },
  }

  function read(token: string): Claims | Refused {
    const known = good.get(token)
    if (known !== undefined) {
      if (Number(known.exp) * 1_000 > Date.now()) return known
      good.delete(token)
    }
    try {
      const claims: unknown = verify(token)
      if (typeof claims !== 'object' || claims === null) return 'invalid'
      keep(token, claims)
      return claims
    } catch (error) {
      // Whatever is wrong with a token is its bearer's mistake, and an answer, not a fault.
      return (error as { code?: unknown }).code === 'FAST_JWT_EXPIRED' ? 'expired' : 'invalid'
    }
  }

  /** What came earliest goes first: a client that is busy is soon there again. */
  function keep(token: string, claims: Claims): void {
    if (token.length > KEPT_LENGTH) return
    if (good.size === KEPT) good.delete(good.keys().next().value!)
    good.set(token, claims)
  }
}

/** Text that a database can keep. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255 && !value.includes('\0')
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isName) : []
}

/** How long each kind of token is good, in milliseconds. */
export interface TokenLifetimes {
  readonly accessMs: number
  readonly refreshMs: number
  readonly serviceMs: number
}

export interface TokenIssuer {
  issueAccess(user: {
    readonly userId: string
    readonly username: string
    readonly roles: readonly string[]
    readonly scopes: readonly string[]
  }): string
  issueRefresh(user: { readonly userId: string; readonly username: string }): string
  issueService(client: {
    readonly clientId: string
    readonly audience: string
    readonly scopes: readonly string[]
  }): string
}

export function tokenIssuer(secret: Secret, lifetimes: TokenLifetimes): TokenIssuer {
  const signFor = (expiresIn: number) => {
    const key = Buffer.from(secret.reveal(), 'utf8')
    // The header is exactly {"alg":"HS512"}: `undefined` leaves out what the library would add.
    const header = { alg: ALGORITHM, typ: undefined } as unknown as NonNullable<
      SignerOptions['header']
    >
    return createSigner({ key, algorithm: ALGORITHM, header, expiresIn })
  }
  const signAccess = signFor(lifetimes.accessMs)
  const signRefresh = signFor(lifetimes.refreshMs)
  const signService = signFor(lifetimes.serviceMs)

  return {
    issueAccess: ({ userId, username, roles, scopes }) =>
      signAccess({ sub: username, uid: userId, roles, scopes }),
    issueRefresh: ({ userId, username }) =>
      signRefresh({ sub: username, uid: userId, type: REFRESH }),
    issueService: ({ clientId, audience, scopes }) =>
      signService({ sub: clientId, aud: audience, scope: scopes }),
  }
}
