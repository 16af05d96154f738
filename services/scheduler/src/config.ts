import {
  databaseSettings,
  duration,
  kafkaSettings,
  leaseSettings,
  logSettings,
  retrySettings,
  runningPerOwnerSetting,
  serverSettings,
  setting,
  wholeNumber,
} from '@cronos/runtime'

/** The keys of a scheduler. */
const schedulerSettings = {
  batchSize: setting('configs.scheduler.batch-size', wholeNumber({ min: 1, max: 10_000 }), {
    default: '2000',
    meaning: 'Runs of one claim at most; batches grow with the load up to it',
  }),
  maxSleepMs: setting('configs.scheduler.max-sleep-ms', wholeNumber({ min: 100, max: 300_000 }), {
    default: '30000',
    meaning: 'Longest rest of an idle scheduler in milliseconds; news wakes it earlier',
  }),
  baseBackoffMs: setting(
    'configs.scheduler.base-backoff-ms',
    wholeNumber({ min: 1, max: 60_000 }),
    {
      default: '300',
      meaning: 'First rest after a failure in milliseconds; it doubles with each further one',
    },
  ),
  dispatchWindow: setting(
    'configs.scheduler.dispatch-window',
    wholeNumber({ min: 1, max: 100_000 }),
    {
      default: '10000',
      meaning:
        'Runs on their way to the executors at most; usually what they start in a third of a second',
    },
  ),
  dispatchLeaseMs: setting('configs.scheduler.dispatch-lease', duration({ minMs: 500 }), {
    default: '5s',
    meaning: 'How long a dispatched run may take to start before it is dispatched again',
  }),
  misfireAfterMs: setting('configs.scheduler.misfire-after', duration({ minMs: 1 }), {
    default: '1m',
    meaning: "A fire that is served later than this has misfired: its job's misfire policy decides",
  }),
  runningPerOwner: runningPerOwnerSetting,
  ...leaseSettings,
  retry: retrySettings,
  retention: {
    succeededMs: keep('succeeded', '30d', 'Runs that succeeded'),
    failedMs: keep('failed', '90d', 'Runs that failed for good'),
    cancelledMs: keep('cancelled', '30d', 'Runs that were cancelled'),
    skippedMs: keep('skipped', '30d', 'Records of fire times that a policy skipped'),
  },
} as const

/** How long something is kept after its end; a job goes with the last of its runs. */
function keep(outcome: string, days: string, what: string) {
  return setting(`configs.retention.${outcome}`, duration({ minMs: 1_000 }), {
    default: days,
    meaning: `${what} are kept for so long after their end`,
  })
}

/** All keys of the scheduler-service. */
export const schedulerConfig = {
  server: serverSettings(8083),
  log: logSettings,
  jobDb: databaseSettings('jobDb', 'jobs'),
  kafka: kafkaSettings,
  scheduler: schedulerSettings,
}

/** What a scheduler runs by. Durations in milliseconds. */
export interface SchedulerConfig {
  readonly batchSize: number
  readonly maxSleepMs: number
  readonly baseBackoffMs: number
  readonly dispatchWindow: number
  readonly dispatchLeaseMs: number
  readonly runningPerOwner?: number | undefined
  readonly misfireAfterMs: number
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly retry: { readonly baseMs: number; readonly capMs: number }
  readonly retention: RetentionConfig
}

/** How long finished things are kept, in milliseconds. */
export interface RetentionConfig {
  readonly succeededMs: number
  readonly failedMs: number
  readonly cancelledMs: number
  readonly skippedMs: number
}
