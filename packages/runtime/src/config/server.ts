import { logLevel } from '../log.ts'
import { setting } from './setting.ts'
import { oneOf, proxyList, secretText, text, wholeNumber } from './values.ts'

export const trustedProxiesSetting = setting('configs.server.trusted-proxies', proxyList, {
  default: '',
  meaning: 'Whose X-Forwarded-For is believed when requests are counted by address',
})

/** Where a service by itself listens. */
export function serverSettings(port: number) {
  return {
    host: setting('configs.server.host', text, {
      default: '0.0.0.0',
      meaning: 'The address that the service listens on',
    }),
    port: setting('configs.server.port', wholeNumber({ min: 0, max: 65_535 }), {
      default: String(port),
      meaning: 'The port that the service listens on; 0 takes a free one',
    }),
    trustedProxies: trustedProxiesSetting,
  }
}

export const logSettings = {
  level: setting('configs.log.level', logLevel, {
    default: 'info',
    meaning: 'The least level that is logged',
  }),
}

/** What every service needs that issues or reads tokens. */
export const jwtSettings = {
  secret: setting('secrets.jwt.secret', secretText(64), {
    meaning: 'Signs and checks all tokens; the same in auth-, user- and job-service',
  }),
  type: setting('secrets.jwt.type', oneOf('Bearer'), {
    default: 'Bearer',
    meaning: 'The scheme of the Authorization header, told at sign-in',
  }),
}
