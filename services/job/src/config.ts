import {
  type Config,
  databaseSettings,
  jwtSettings,
  logSettings,
  maxAttemptsSetting,
  retrySettings,
  runningPerOwnerSetting,
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
  runningPerOwner: runningPerOwnerSetting,
}

export type JobConfig = Config<typeof jobConfig>
