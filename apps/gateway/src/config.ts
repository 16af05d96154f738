import {
  type Config,
  duration,
  httpUrl,
  logSettings,
  serverSettings,
  setting,
} from '@cronos/runtime'

/** The services behind the gateway, in the order in which they are told of. */
export const serviceNames = ['auth', 'user', 'job', 'scheduler', 'executor'] as const
export type ServiceName = (typeof serviceNames)[number]

function serviceUrl(name: ServiceName, port: number) {
  return setting(`configs.services.${name}.url`, httpUrl, {
    default: `http://localhost:${port}`,
    meaning: `Where the gateway finds the ${name}-service`,
  })
}

/** All keys of the gateway. */
export const gatewayConfig = {
  server: serverSettings(8086),
  log: logSettings,
  services: {
    auth: serviceUrl('auth', 8080),
    user: serviceUrl('user', 8081),
    job: serviceUrl('job', 8082),
    scheduler: serviceUrl('scheduler', 8083),
    executor: serviceUrl('executor', 8084),
  },
  answerTimeoutMs: setting('configs.gateway.answer-timeout', duration({ minMs: 100 }), {
    default: '30s',
    meaning: 'How long the gateway waits for the beginning of an answer, and for each next part',
  }),
}

export type GatewayConfig = Config<typeof gatewayConfig>
