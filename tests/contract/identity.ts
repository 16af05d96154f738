import { authConfig, startAuthService } from '@cronos/auth-service'
import { openPasswords } from '@cronos/passwords'
import { givenValues, type HttpService, loadConfig, openLog } from '@cronos/runtime'
import type { Pool } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'
import { startUserService, userConfig } from '@cronos/user-service'

/** The key that all tokens of a test are signed with. */
export const JWT_SECRET = 'a-secret-of-sixty-four-bytes-or-more-that-only-the-tests-know-of'

/** A client that may ask for service tokens. */
export const CLIENT = { clientId: 'executorService', clientSecret: 'the-executors-secret' }

/** An answer of a service, whatever its shape. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

/** auth- and user-service over one real database. */
export interface Identity extends AsyncDisposable {
  readonly db: Pool
  readonly auth: HttpService
  readonly user: HttpService
  /** Posts JSON below the service's path. */
  post(service: HttpService, path: string, body: unknown, token?: string): Promise<Answer>
  /** Signs up and answers what sign-in answers. */
  signedUp(username: string): Promise<Answer['body']>
  /** A service token of `CLIENT` for the user-service. */
  serviceToken(...scopes: string[]): Promise<string>
}

/** @param settings keys that differ from those of a plain start */
export async function startIdentity(settings: Record<string, string> = {}): Promise<Identity> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await freshDatabase('users'))
  const db = database.pool('general')
  const sources = [
    givenValues('test', {
      'configs.server.host': '127.0.0.1',
      'configs.server.port': '0',
      'configs.userDb.url': database.address.url,
      'secrets.datasource.username': database.address.user,
      'secrets.datasource.password': database.address.password || 'none',
      'secrets.jwt.secret': JWT_SECRET,
      'configs.auth.policy.services.user-service.scopes': 'user.read, user.contact',
      'secrets.services.executorService.id': CLIENT.clientId,
      'secrets.services.executorService.password': CLIENT.clientSecret,
      ...settings,
    }),
  ]
  const deps = { db, passwords: openPasswords(), log: openLog('test', 'silent') }
  const auth = stack.use(await startAuthService(deps, loadConfig(authConfig, sources)))
  const user = stack.use(await startUserService(deps, loadConfig(userConfig, sources)))
  await Promise.all([auth.ready, user.ready])

  const started = stack.move()
  return {
    db,
    auth,
    user,
    post,
    async signedUp(username) {
      const password = 'correct-horse-7'
      const email = `${username}@example.com`
      await post(user, '/api/v1/user/signup', { username, password, email })
      return (await post(auth, '/api/v1/auth/signin', { username, password })).body
    },
    async serviceToken(...scopes) {
      const asked = { ...CLIENT, audience: 'user-service', scopes }
      return (await post(auth, '/api/internal/token', asked)).body.token
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function post(
  service: HttpService,
  path: string,
  body: unknown,
  token?: string,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${service.port}${service.path}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
