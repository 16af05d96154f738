import {
  type AnswerMemory,
  type HttpService,
  type Logger,
  openEventStreams,
  startHttpService,
  tokenReader,
} from '@cronos/runtime'
import { claimKey, isTransient, keepAnswers, type Pool, releaseKey, sql } from '@cronos/store'
import { addBulkControlRoutes } from './bulk-control-routes.ts'
import type { JobConfig } from './config.ts'
import { addControlRoutes } from './control-routes.ts'
import { openControls } from './controls.ts'
import { addCreationRoutes } from './creation-routes.ts'
import { addCronRoutes } from './cron-routes.ts'
import { addDeadLetterRoutes } from './dead-letter-routes.ts'
import { openDeadLetters } from './dead-letters.ts'
import { addEventRoutes } from './event-routes.ts'
import { addExplainRoutes } from './explain-routes.ts'
import { openJobs } from './jobs.ts'
import { addLedgerRoutes } from './ledger-routes.ts'
import { startLive } from './live/live.ts'
import { addLogRoutes } from './log-routes.ts'
import { addMailRoutes } from './mail-routes.ts'
import { addResolveRoutes } from './resolve-routes.ts'
import { addJobRoutes } from './routes.ts'
import { addRunRoutes } from './run-routes.ts'
import { addSearchRoutes } from './search-routes.ts'
import { sweepKeys } from './sweep-keys.ts'

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
/** No dispatch lease is longer, in milliseconds; the lease of an attempt is configured. */
const LONGEST_LEASE_MS = 60_000

export interface JobService extends HttpService {
  /**
   * Ends the streams of events, which would keep whoever passes them on from stopping. Those that
   * are asked for later end at once.
   */
  endStreams(): void
}

/** Starts the service through which owners ask for jobs and see what became of them. */
export async function startJobService(
  deps: JobServiceDeps,
  config: JobConfig,
): Promise<JobService> {
  const { db, reads, log, prepare } = deps
  await using stack = new AsyncDisposableStack()
  const jobs = stack.use(openJobs(deps, config))
  const streams = openEventStreams(config.events)
  const live = stack.use(startLive({ db: reads, log }, config.events))
  const controls = openControls(deps, config)
  const http = await startHttpService({
    name: 'job-service',
    errors: 'timed',
    ...config.server,
    log,
    tokens: tokenReader(config.jwt.secret),
    isTransient,
    bodyLimit: BODY_LIMIT,
    answers: answersIn(db),
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
      addCreationRoutes(app, { jobs, limit: config.creations })
      addSearchRoutes(app, { jobs, reads, leaseMs: Math.max(LONGEST_LEASE_MS, config.leaseMs) })
      addJobRoutes(app, { jobs, reads, retry: config.retry })
      addControlRoutes(app, { jobs, controls, retry: config.retry })
      addBulkControlRoutes(app, deps, config)
      addRunRoutes(app, { reads })
      addLogRoutes(app, { reads })
      addEventRoutes(app, { live, streams, reads })
      addDeadLetterRoutes(app, { letters: openDeadLetters(deps), reads })
      addResolveRoutes(app, deps)
      addExplainRoutes(app, { reads, runningPerOwner: config.runningPerOwner })
      addLedgerRoutes(app, { jobs, reads })
      addMailRoutes(app, { reads })
      addCronRoutes(app, { reads })
    },
  })
  const sweeper = stack.use(sweepKeys({ db, log, ready: http.ready }))
  stack.use(http)
  stack.defer(streams.endAll)
  const owned = stack.move()
  const done = Promise.race([http.done, live.done, sweeper.done])
  done.catch(() => {}) // it still rejects for its owner
  return {
    ...http,
    done,
    endStreams: streams.endAll,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function answersIn(db: Pool): AnswerMemory {
  return {
    claim: (owner, key, request) => claimKey(db, owner, key, request),
    async keep(answer) {
      await keepAnswers(db, [answer])
    },
    release: claim => releaseKey(db, claim),
  }
}
