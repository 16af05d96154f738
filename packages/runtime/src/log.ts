import { type Logger, pino } from 'pino'
import { oneOf } from './config/values.ts'

export type { Logger } from 'pino'

export const logLevel = oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')

/** Fields that hold secrets wherever they stand: they are cut out before a line is written. */
const SECRET_FIELDS = [
  'password',
  'clientSecret',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
]

/**
 * A log of JSON lines on standard output, written as they come: a line is out before a process
 * that breaks is gone.
 *
 * @param service stands in each line as `service`
 */
export function openLog(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap(field => [field, `*.${field}`, `*.*.${field}`]),
      censor: '***',
    },
  })
}
