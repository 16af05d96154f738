import {
  type Config,
  databaseSettings,
  jwtSettings,
  logSettings,
  serverSettings,
  setting,
  wholeNumber,
} from '@cronos/runtime'

/** All keys of the user-service. */
export const userConfig = {
  server: serverSettings(8081),
  log: logSettings,
  userDb: databaseSettings('userDb', 'userdb'),
  jwt: jwtSettings,
  limits: {
    signUpPerMinute: setting('configs.limits.signup-per-minute', wholeNumber({ min: 1 }), {
      default: '600',
      meaning: 'Sign-ups that one address may try a minute; more answer 429',
    }),
  },
}

export type UserConfig = Config<typeof userConfig>
