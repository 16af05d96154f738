import {
  type Config,
  databaseSettings,
  duration,
  graceSetting,
  jwtSettings,
  leaseSettings,
  logSettings,
  maxAttemptsSetting,
  retrySettings,
  runningPerOwnerSetting,
  serverSettings,
  setting,
  wholeNumber,
} from '@cronos/runtime'

/** Streams of events, that clients follow jobs and runs by. */
const eventSettings = {
  maxStreams: setting('configs.events.max-streams', wholeNumber({ min: 1, max: 100_000 }), {
    default: '1000',
    meaning: 'Streams of events that one job-service keeps open at once',
  }),
  maxStreamsPerOwner: setting(
    'configs.events.max-streams-per-user',
    wholeNumber({ min: 1, max: 100_000 }),
    { default: '20', meaning: 'The same for one user' },
  ),
  pollMs: setting('configs.events.poll-interval', duration({ minMs: 50, maxMs: 60_000 }), {
    default: '500ms',
    meaning: 'How often it is looked what has happened, while somebody follows it',
  }),
} as const

/** All keys of the job-service. */
export const jobConfig = {
  server: serverSettings(8082),
  log: logSettings,
  jobDb: databaseSettings('jobDb', 'jobs'),
  jwt: jwtSettings,
  maxAttempts: maxAttemptsSetting,
  retry: retrySettings,
  events: eventSettings,
  leaseMs: leaseSettings.leaseMs,
  creations: {
    perSecond: setting('configs.limits.creations-per-second', wholeNumber({ min: 1 }), {
      default: '1000',
      meaning: 'Jobs that one owner may create a second for long, at each job-service',
    }),
    burst: setting('configs.limits.creations-burst', wholeNumber({ min: 1 }), {
      default: '100000',
      meaning: 'Jobs that one owner may create at once before that limit holds; more answer 429',
    }),
  },
  runningPerOwner: runningPerOwnerSetting,
  graceMs: graceSetting,
}

export type JobConfig = Config<typeof jobConfig>
