import {
  CronosError,
  type RefreshAnswer,
  type SignInAnswer,
  type SignInRequest,
} from '@cronos/contract'
import type { Passwords } from '@cronos/passwords'
import type { Logger, TokenIssuer, TokenReader } from '@cronos/runtime'
import { type CredentialsRow, type Db, readCredentials, readUser, replaceHash } from '@cronos/store'
import type { AuthConfig } from './config.ts'

export interface SignInDeps {
  readonly db: Db
  readonly passwords: Passwords
  readonly issuer: TokenIssuer
  readonly reader: TokenReader
  readonly log: Logger
}

/** What users do with their passwords and refresh tokens. */
export interface SignIn {
  /** @throws {CronosError} WRONG_CREDENTIALS, the same for an unknown user and a wrong password */
  signIn(request: SignInRequest): Promise<SignInAnswer>
  /** @throws {CronosError} TOKEN_INVALID, TOKEN_EXPIRED */
  refresh(refreshToken: string): Promise<RefreshAnswer>
}

export function openSignIn(deps: SignInDeps, jwt: AuthConfig['jwt']): SignIn {
  const { db, passwords, issuer, reader, log } = deps
  const told = { tokenType: jwt.type, expiresIn: Math.floor(jwt.accessMs / 1_000) }

  return {
    async signIn({ username, password }) {
      const user = await readCredentials(db, username.trim())
      // An unknown user is checked too, so that the time of the answer tells nothing.
      const verdict = await passwords.check(password, user?.passwordHash ?? null)
      if (user === null || verdict === 'wrong')
        throw new CronosError('WRONG_CREDENTIALS', 'Invalid username or password')
      if (verdict === 'outdated') await keepBetter(user, password)
      return {
        token: issuer.issueAccess(user),
        refreshToken: issuer.issueRefresh(user),
        ...told,
        message: 'Login successful',
      }
    },

    async refresh(refreshToken) {
      const claims = reader.readRefresh(refreshToken.trim())
      if (claims === 'expired')
        throw new CronosError('TOKEN_EXPIRED', 'The refresh token has expired, sign in again')
      // Roles and scopes are read afresh: what was taken away since is gone from here on.
      const user = claims === 'invalid' ? null : await readUser(db, claims.userId)
      if (user === null) throw new CronosError('TOKEN_INVALID', 'The refresh token is not valid')
      return {
        accessToken: issuer.issueAccess(user),
        ...told,
        message: 'Access token refreshed successfully',
      }
    },
  }

  /** Makes an outdated hash anew while the password is at hand. Whether it succeeds or not, the user is in. */
  async function keepBetter(user: CredentialsRow, password: string): Promise<void> {
    try {
      const newer = await passwords.hash(password)
      await replaceHash(db, user.userId, user.passwordHash, newer)
    } catch (error) {
      log.warn({ err: error, userId: user.userId }, 'an outdated password hash was not renewed')
    }
  }
}
