import {
  type Config,
  databaseSettings,
  graceSetting,
  jwtSettings,
  logSettings,
  maxAttemptsSetting,
  retrySettings,
  serverSettings,
} from '@cronos/runtime'

/** All keys of the job-service. */
export const jobConfig = {
  server: serverSettings(8082),
  log: logSettings,
  jobDb: databaseSettings('jobDb', 'jobs'),
  jwt: jwtSettings,
  maxAttempts: maxAttemptsSetting,
  retry: retrySettings,
  graceMs: graceSetting,
}

export type JobConfig = Config<typeof jobConfig>
