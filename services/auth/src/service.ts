import type { Passwords } from '@cronos/passwords'
import {
  type HttpService,
  type Logger,
  startHttpService,
  tokenIssuer,
  tokenReader,
} from '@cronos/runtime'
import { type Db, isTransient, sql } from '@cronos/store'
import type { AuthConfig } from './config.ts'
import { addAuthRoutes } from './routes.ts'
import { serviceTokens } from './service-tokens.ts'
import { openSignIn } from './sign-in.ts'

export interface AuthDeps {
  /** `userdb`. */
  readonly db: Db
  readonly passwords: Passwords
  readonly log: Logger
  /** Makes the database ready; tried until it is done. Left out where it is ready already. */
  readonly prepare?: () => Promise<void>
}

/** Starts the auth-service: sign-in, and the tokens of users and services. */
export function startAuthService(deps: AuthDeps, config: AuthConfig): Promise<HttpService> {
  const { db, log, prepare } = deps
  const { secret } = config.jwt
  const issuer = tokenIssuer(secret, config.jwt)
  const signIn = openSignIn({ ...deps, issuer, reader: tokenReader(secret) }, config.jwt)
  const issueServiceToken = serviceTokens(issuer, config)
  return startHttpService({
    name: 'auth-service',
    errors: 'named',
    ...config.server,
    log,
    isTransient,
    checks: {
      database: async () => {
        await db.query(sql`select 1`)
      },
    },
    ...(prepare === undefined ? {} : { prepare }),
    api: { title: 'Cronos sign-in', description: 'Sign-in, and tokens of users and services' },
    routes: app => addAuthRoutes(app, { signIn, issueServiceToken }, config),
  })
}
