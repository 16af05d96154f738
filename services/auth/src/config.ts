import {
  type Config,
  commaList,
  databaseSettings,
  duration,
  family,
  flag,
  jwtSettings,
  logSettings,
  secretText,
  serverSettings,
  setting,
  text,
  wholeNumber,
} from '@cronos/runtime'

/** `exp` counts seconds. */
const lifetime = duration({ minMs: 1_000 })

/** All keys of the auth-service. */
export const authConfig = {
  server: serverSettings(8080),
  log: logSettings,
  userDb: databaseSettings('userDb', 'userdb'),
  isEnabled: setting('configs.auth.enabled', flag, {
    default: 'true',
    meaning: 'When false, sign-in, refresh and service tokens answer 503',
  }),
  policy: family(
    'configs.auth.policy.services.<audience>',
    { scopes: commaList },
    {
      meaning: 'The scopes that a service may ask for in a token for this audience',
      nameOf: part => part.toLowerCase().replaceAll('_', '-'),
    },
  ),
  clients: family(
    'secrets.services.<clientId>',
    { id: text, password: secretText() },
    {
      meaning: 'A service that may ask for service tokens, and its secret',
      nameOf: part => part.toLowerCase(),
    },
  ),
  jwt: {
    ...jwtSettings,
    accessMs: setting('secrets.jwt.access-token-expiration', lifetime, {
      default: '15m',
      meaning: 'How long an access token is good',
    }),
    refreshMs: setting('secrets.jwt.refresh-token-expiration', lifetime, {
      default: '7d',
      meaning: 'How long a refresh token is good',
    }),
    serviceMs: setting('secrets.jwt.service-token-expiration', lifetime, {
      default: '15m',
      meaning: 'How long a service token is good',
    }),
  },
  limits: {
    signInPerMinute: setting('configs.limits.signin-per-minute', wholeNumber({ min: 1 }), {
      default: '600',
      meaning: 'Sign-ins that one address may try a minute; more answer 429',
    }),
  },
}

export type AuthConfig = Config<typeof authConfig>
