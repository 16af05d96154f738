import type { IncomingHttpHeaders } from 'node:http'

/** No target is waited for longer because it says so, in milliseconds. */
const LONGEST_MS = 3_600_000

/**
 * How long the target asks to be left alone: `Retry-After` in seconds, or as a date, which is
 * measured against the answer's own `Date`, so that no clock of ours matters.
 *
 * @returns milliseconds, at most an hour; null where it does not say, or not so that it can be read
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(headers: IncomingHttpHeaders): number | null {
  const text = headers['retry-after']?.trim()
  if (text === undefined) return null
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, LONGEST_MS)
  const ms = Date.parse(text) - Date.parse(headers.date ?? '')
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_MS)
}
