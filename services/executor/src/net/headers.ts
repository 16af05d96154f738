import { validateHeaderName, validateHeaderValue } from 'node:http'
import { PermanentError } from '../task.ts'

/** What the connection is made of, which is not the user's to write. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What tells the target of the run; a target must be able to believe it. */
const OF_THE_RUN = /^(idempotency-key|cronos-.*)$/

/**
 * The headers that a user may send, with their names in lower case.
 *
 * @throws {PermanentError} names the header that cannot be sent
 */
export function userHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const accepted: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (OF_THE_CONNECTION.has(lower))
      throw new PermanentError(`payload.headers must not name ${name}: the connection sets it`)
    if (OF_THE_RUN.test(lower))
      throw new PermanentError(`payload.headers must not name ${name}: it tells of the run`)
    if (lower in accepted) throw new PermanentError(`payload.headers names ${name} twice`)
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch (cause) {
      const message = `payload.headers has a name or value that HTTP cannot carry: ${JSON.stringify(name)}`
      throw new PermanentError(message, { cause })
    }
    accepted[lower] = value
  }
  return accepted
}
