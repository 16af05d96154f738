import { jobConfig, startJobService } from '@cronos/job-service'
import { givenValues, loadConfig, openLog, Secret, tokenIssuer } from '@cronos/runtime'
import type { Pool } from '@cronos/store'
import { type FreshDatabase, freshDatabase } from '@cronos/testkit'

const secret = new Secret('a secret of the tests that is as long as it has to be: 64 bytes or more')
const issuer = tokenIssuer(secret, { accessMs: 900_000, refreshMs: 900_000, serviceMs: 900_000 })
const allScopes = ['jobs.create', 'jobs.read', 'jobs.update']

/** An access token that a job-service of the tests takes. */
export function tokenOf(userId: string, scopes: readonly string[] = allScopes): string {
  return issuer.issueAccess({ userId, username: userId, roles: ['ROLE_USER'], scopes })
}

export interface Asked {
  readonly method?: string
  readonly token?: string | null
  /** Text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what a client sees of an answer has no type
  readonly json: any
}

/** A job-service over real HTTP on a real database, without executors. */
export interface TestedService extends AsyncDisposable {
  readonly db: Pool
  readonly database: FreshDatabase
  /** @param path below `/job-service/api/v1` */
  ask(path: string, asked?: Asked): Promise<Answer>
  /** Posts as alice, unless a token says otherwise. */
  post(path: string, body: unknown, asked?: Asked): Promise<Answer>
}

/**
 * @param settings keys that differ from those of a plain start
 * @param shared a database that another service works on too; it is then left alone at the end
 */
export async function startTestedService(
  settings: Readonly<Record<string, string>> = {},
  shared?: FreshDatabase,
): Promise<TestedService> {
  await using stack = new AsyncDisposableStack()
  const database = shared ?? stack.use(await freshDatabase('jobs'))
  const db = database.pool('engine')
  const config = loadConfig(jobConfig, [
    givenValues('test', {
      'configs.server.host': '127.0.0.1',
      'configs.server.port': '0',
      'configs.jobDb.url': database.address.url,
      'secrets.datasource.username': database.address.user,
      'secrets.datasource.password': database.address.password,
      'secrets.jwt.secret': secret.reveal(),
      ...settings,
    }),
  ])
  const log = openLog('job-service', process.env['CRONOS_TEST_LOG'] ?? 'silent')
  const reads = database.pool('general')
  const service = stack.use(await startJobService({ db, reads, log, tellWake: () => {} }, config))
  await service.ready
  const root = `http://127.0.0.1:${service.port}/job-service/api/v1`

  const started = stack.move()
  const ask: TestedService['ask'] = async (path, asked = {}) => {
    const { method = 'GET', token = tokenOf('alice'), body, headers = {} } = asked
    const response = await fetch(`${root}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = text === '' ? null : JSON.parse(text)
    return { status: response.status, headers: response.headers, text, json }
  }
  return {
    ...{ db, database, ask },
    post: (path, body, asked = {}) => ask(path, { method: 'POST', body, ...asked }),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}
