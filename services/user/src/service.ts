import type { Passwords } from '@cronos/passwords'
import { type HttpService, type Logger, startHttpService, tokenReader } from '@cronos/runtime'
import { type Db, isTransient, sql } from '@cronos/store'
import type { UserConfig } from './config.ts'
import { addUserRoutes } from './routes.ts'

export interface UserDeps {
  /** `userdb`. */
  readonly db: Db
  readonly passwords: Passwords
  readonly log: Logger
  /** Makes the database ready; tried until it is done. Left out where it is ready already. */
  readonly prepare?: () => Promise<void>
}

/** Starts the user-service: sign-up, and what other services ask about users. */
export function startUserService(deps: UserDeps, config: UserConfig): Promise<HttpService> {
  const { db, log, prepare } = deps
  return startHttpService({
    name: 'user-service',
    errors: 'named',
    ...config.server,
    log,
    tokens: tokenReader(config.jwt.secret),
    isTransient,
    checks: {
      database: async () => {
        await db.query(sql`select 1`)
      },
    },
    ...(prepare === undefined ? {} : { prepare }),
    api: { title: 'Cronos users', description: 'Sign-up, and what services ask about users' },
    routes: app => addUserRoutes(app, deps, config.limits),
  })
}
