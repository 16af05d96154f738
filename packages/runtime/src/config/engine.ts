import { optional, setting } from './setting.ts'
import { duration, wholeNumber } from './values.ts'

/** Keys that schedulers and executors must be given alike. */
export const leaseSettings = {
  leaseMs: setting('configs.executor.lease', duration({ minMs: 1_000 }), {
    default: '10s',
    meaning: 'How long a running attempt is trusted without a heartbeat',
  }),
  heartbeatMs: setting('configs.executor.heartbeat', duration({ minMs: 100 }), {
    default: '3s',
    meaning: 'How often an executor says that it is alive; at most a third of the lease',
  }),
} as const

/** For executors, and for the service that tells whoever cancels a run how long it may take. */
export const graceSetting = setting('configs.executor.grace', duration(), {
  default: '10s',
  meaning: 'How long running attempts get to end when the executor stops or aborts them',
})

/** How failed attempts are tried again; for schedulers and executors alike. */
export const retrySettings = {
  baseMs: setting('configs.retry.base-backoff', duration({ minMs: 1 }), {
    default: '1s',
    meaning: 'Wait after a first failed attempt at most; it doubles with each further one',
  }),
  capMs: setting('configs.retry.max-backoff', duration({ minMs: 1 }), {
    default: '10m',
    meaning: 'No wait between attempts is longer',
  }),
} as const

/** Of the service that creates jobs: what they get is fixed with them. */
export const maxAttemptsSetting = setting(
  'configs.retry.max-attempts',
  wholeNumber({ min: 1, max: 1_000 }),
  {
    default: '3',
    meaning: 'Attempts that a run gets; fixed when its job is created',
  },
)

/** Schedulers keep to it, and the job-service explains it. */
export const runningPerOwnerSetting = optional(
  'configs.limits.running-per-owner',
  wholeNumber({ min: 1 }),
  {
    meaning: 'Runs that one owner may have under way at once; without it, what fairness leaves',
  },
)
