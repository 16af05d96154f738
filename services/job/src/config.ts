import {
  type Config,
  databaseSettings,
  jwtSettings,
  logSettings,
  maxAttemptsSetting,
  serverSettings,
} from '@cronos/runtime'

/** All keys of the job-service. */
export const jobConfig = {
  server: serverSettings(8082),
  log: logSettings,
  jobDb: databaseSettings('jobDb', 'jobs'),
  jwt: jwtSettings,
  maxAttempts: maxAttemptsSetting,
}

export type JobConfig = Config<typeof jobConfig>
