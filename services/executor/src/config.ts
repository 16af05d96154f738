import {
  ConfigError,
  commaList,
  databaseSettings,
  graceSetting,
  httpUrl,
  kafkaSettings,
  leaseSettings,
  logSettings,
  optional,
  retrySettings,
  type Secret,
  secretText,
  serverSettings,
  setting,
  text,
  wholeNumber,
} from '@cronos/runtime'
import type { ToolsConfig } from './tools.ts'

/** The keys of an executor's own work. */
const executorSettings = {
  slots: optional('configs.executor.slots', wholeNumber({ min: 1, max: 10_000 }), {
    meaning: 'Attempts that run at the same time at most; 50 unless the next key says otherwise',
  }),
  concurrency: optional(
    'configs.kafka.consumer.concurrency',
    wholeNumber({ min: 1, max: 10_000 }),
    {
      meaning: 'The same by its older name; configs.executor.slots wins',
    },
  ),
  ...leaseSettings,
  graceMs: graceSetting,
  retry: retrySettings,
} as const

/** What an executor runs by. Durations in milliseconds. */
export interface ExecutorConfig {
  /** Attempts that run at the same time at most. */
  readonly slots: number
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly graceMs: number
  readonly retry: { readonly baseMs: number; readonly capMs: number }
}

const DEFAULT_SLOTS = 50
/** Heartbeats that may be lost before a lease ends. */
const HEARTBEATS_A_LEASE = 3

/** @throws {ConfigError} when a lease would end between two heartbeats */
export function executorConfig(
  settings: Omit<ExecutorConfig, 'slots'> & {
    readonly slots: number | undefined
    readonly concurrency: number | undefined
  },
): ExecutorConfig {
  const { slots, concurrency, leaseMs, heartbeatMs } = settings
  if (heartbeatMs * HEARTBEATS_A_LEASE > leaseMs)
    throw new ConfigError([
      `configs.executor.heartbeat must be at most a third of configs.executor.lease (${leaseMs}ms), got ${heartbeatMs}ms`,
    ])
  return { ...settings, slots: slots ?? concurrency ?? DEFAULT_SLOTS }
}

/** The keys of what an executor lends to its tasks. */
const toolsSettings = {
  authUrl: setting('configs.services.auth.url', httpUrl, {
    default: 'http://localhost:8080',
    meaning: 'The auth-service, for service tokens',
  }),
  userUrl: setting('configs.services.user.url', httpUrl, {
    default: 'http://localhost:8081',
    meaning: "The user-service, for the addresses of jobs' owners",
  }),
  clientId: setting('secrets.client.id', text, {
    default: 'executorService',
    meaning: 'As which client the executor asks for service tokens',
  }),
  clientSecret: setting('secrets.client.password', secretText(), {
    meaning: "That client's secret",
  }),
  mailHost: optional('configs.mail.host', text, {
    meaning: 'The SMTP server; without one mails are caught in the jobs database',
  }),
  mailPort: setting('configs.mail.port', wholeNumber({ min: 1, max: 65_535 }), {
    default: '587',
    meaning: 'Its port',
  }),
  mailFrom: setting('configs.mail.from', text, {
    default: 'Cronos <cronos@localhost>',
    meaning: 'The sender of all mails',
  }),
  mailUser: optional('secrets.mail.username', text, { meaning: 'As whom to sign in there' }),
  mailPassword: optional('secrets.mail.password', secretText(), { meaning: 'With which password' }),
  allowedNetworks: setting('configs.http-task.allowed-networks', commaList, {
    default: '',
    meaning: 'Private networks that http_request may reach, in CIDR notation',
  }),
} as const

/** All keys of the executor-service. */
export const executorServiceConfig = {
  server: serverSettings(8084),
  log: logSettings,
  jobDb: databaseSettings('jobDb', 'jobs'),
  kafka: kafkaSettings,
  executor: executorSettings,
  tools: toolsSettings,
}

/** The tools' settings as they are read. */
export interface ToolsSettings {
  readonly authUrl: string
  readonly userUrl: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly mailHost: string | undefined
  readonly mailPort: number
  readonly mailFrom: string
  readonly mailUser: string | undefined
  readonly mailPassword: Secret | undefined
  readonly allowedNetworks: readonly string[]
}

export function toolsConfig(settings: ToolsSettings): ToolsConfig {
  const { authUrl, userUrl, clientId, mailFrom, allowedNetworks } = settings
  return {
    ...{ authUrl, userUrl, clientId, mailFrom, allowedNetworks },
    clientSecret: settings.clientSecret.reveal(),
    smtp: smtpOf(settings),
  }
}

function smtpOf(settings: ToolsSettings): ToolsConfig['smtp'] {
  const { mailHost: host, mailPort: port, mailUser: username, mailPassword } = settings
  if (host === undefined) return null
  return {
    ...{ host, port },
    ...(username === undefined ? {} : { username }),
    ...(mailPassword === undefined ? {} : { password: mailPassword.reveal() }),
  }
}
