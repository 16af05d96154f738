import { type HttpService, type Logger, startHttpService, type TokenReader } from '@cronos/runtime'
import { isTransient, type Pool, sql } from '@cronos/store'
import { type JobsConfig, openJobs } from './jobs.ts'
import { addMailRoutes } from './mail-routes.ts'
import { addJobRoutes } from './routes.ts'
import { addRunRoutes } from './run-routes.ts'

export interface JobServiceDeps {
  /** The `jobs` database, for what changes jobs. */
  readonly db: Pool
  /** The same, for lists and single reads. */
  readonly reads: Pool
  readonly tokens: TokenReader
  readonly log: Logger
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
  /** Brings the database to the newest schema. */
  readonly prepare: () => Promise<void>
}

export interface JobServiceConfig extends JobsConfig {
  readonly host: string
  readonly port: number
}

/** The largest body of a request, in bytes: 1 MiB. */
const BODY_LIMIT = 1_048_576

/** Starts the service through which owners ask for jobs and see what became of them. */
export async function startJobService(
  deps: JobServiceDeps,
  config: JobServiceConfig,
): Promise<HttpService> {
  const { reads, tokens, log, prepare } = deps
  const jobs = openJobs(deps, config)
  const http = await startHttpService({
    name: 'job-service',
    errors: 'timed',
    host: config.host,
    port: config.port,
    bodyLimit: BODY_LIMIT,
    ...{ log, tokens, isTransient, prepare },
    checks: {
      async database() {
        await reads.query(sql`select 1`)
      },
    },
    api: {
      title: 'Cronos job-service',
      description: 'Jobs, their runs, and what the runs made.',
    },
    routes(app) {
      addJobRoutes(app, { jobs, reads })
      addRunRoutes(app, { reads })
      addMailRoutes(app, { reads })
    },
  })
  return {
    ...http,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]()
      await jobs[Symbol.asyncDispose]()
    },
  }
}
