import { type HttpService, type Logger, startHttpService, tokenReader } from '@cronos/runtime'
import { isTransient, type Pool, sql } from '@cronos/store'
import { addBulkControlRoutes } from './bulk-control-routes.ts'
import type { JobConfig } from './config.ts'
import { addControlRoutes } from './control-routes.ts'
import { openControls } from './controls.ts'
import { addCronRoutes } from './cron-routes.ts'
import { openJobs } from './jobs.ts'
import { addMailRoutes } from './mail-routes.ts'
import { addJobRoutes } from './routes.ts'
import { addRunRoutes } from './run-routes.ts'

export interface JobServiceDeps {
  /** The `jobs` database, for what changes jobs. */
  readonly db: Pool
  /** The same, for lists and single reads. */
  readonly reads: Pool
  readonly log: Logger
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
  /** Makes the database ready; tried until it is done. Left out where it is ready already. */
  readonly prepare?: () => Promise<void>
}

/** The largest body of a request, in bytes: 1 MiB. */
const BODY_LIMIT = 1_048_576

/** Starts the service through which owners ask for jobs and see what became of them. */
export async function startJobService(
  deps: JobServiceDeps,
  config: JobConfig,
): Promise<HttpService> {
  const { reads, log, prepare } = deps
  const jobs = openJobs(deps, config)
  const controls = openControls(deps, config)
  const http = await startHttpService({
    name: 'job-service',
    errors: 'timed',
    ...config.server,
    log,
    tokens: tokenReader(config.jwt.secret),
    isTransient,
    bodyLimit: BODY_LIMIT,
    ...(prepare === undefined ? {} : { prepare }),
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
      addJobRoutes(app, { jobs, reads, retry: config.retry })
      addControlRoutes(app, { jobs, controls, retry: config.retry })
      addBulkControlRoutes(app, deps, config)
      addRunRoutes(app, { reads })
      addMailRoutes(app, { reads })
      addCronRoutes(app, { reads })
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
