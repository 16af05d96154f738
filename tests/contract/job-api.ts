import { jobConfig, startJobService } from '@cronos/job-service'
import { givenValues, loadConfig, openLog, Secret, tokenIssuer } from '@cronos/runtime'
import type { Pool } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'

/** What is asked of the job-service; alice asks, unless told. */
export interface Asked {
  readonly method?: string
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what a client sees of an answer has no type
  readonly json: any
}

/** A job-service over real HTTP on a database of its own. */
export interface JobApi extends AsyncDisposable {
  readonly db: Pool
  /** `http://127.0.0.1:<port>/job-service/api/v1` */
  readonly root: string
  tokenOf(userId: string, lifetimeMs?: number): string
  ask(path: string, asked?: Asked): Promise<Answered>
  /** Ends the service, but not yet its database. */
  stop(): Promise<void>
}

/** @param settings keys that differ from those of a plain start */
export async function startJobApi(settings: Record<string, string> = {}): Promise<JobApi> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await freshDatabase('jobs'))
  const db = database.pool('engine')
  const secret = new Secret('a secret of the tests that is as long as it must be, 64 bytes or more')
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

  const tokenOf = (userId: string, accessMs = 900_000) => {
    const issuer = tokenIssuer(secret, { accessMs, refreshMs: accessMs, serviceMs: accessMs })
    const scopes = ['jobs.create', 'jobs.read', 'jobs.update']
    return issuer.issueAccess({ userId, username: userId, roles: ['ROLE_USER'], scopes })
  }
  const owned = stack.move()
  return {
    ...{ db, root, tokenOf },
    async ask(path, { method = 'GET', as = 'alice', body, headers = {} } = {}) {
      const response = await fetch(root + path, {
        method,
        headers: {
          authorization: `Bearer ${tokenOf(as)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      const json = text === '' ? null : JSON.parse(text)
      return { status: response.status, headers: response.headers, json }
    },
    async stop() {
      await service[Symbol.asyncDispose]()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
