import type { Brand } from './brand.ts'

/** A point on the time line: milliseconds since 1970-01-01T00:00:00Z, a whole number. */
export type Instant = Brand<number, 'Instant'>

/** The furthest that a JavaScript date reaches, in milliseconds on either side of 1970. */
const MAX_MS = 8.64e15

/**
 * @throws {RangeError} when `ms` is no whole number of milliseconds that a date can hold
 */
export function instant(ms: number): Instant {
  if (!Number.isInteger(ms) || Math.abs(ms) > MAX_MS)
    throw new RangeError(`an instant is a whole number of milliseconds, got ${ms}`)
  return ms as Instant
}

/** ISO-8601 in UTC with milliseconds: `2026-11-23T20:44:00.000Z`. */
export function formatInstant(at: Instant): string {
  return new Date(at).toISOString()
}

export function later(at: Instant, byMs: number): Instant {
  return instant(at + Math.round(byMs))
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})$/i

/** An instant as a client wrote it: cut to milliseconds, and what the cut left over. */
export interface ExactInstant {
  readonly at: Instant
  /** 0 to 999: what `at` lacks. Finer fractions are rounded up: nothing may begin early. */
  readonly microseconds: number
}

/** The years 1 to 9999 in UTC: what ISO-8601 writes with four digits and a database keeps. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The last instant that `isWritable`. */
export const latestInstant = LATEST as Instant

/**
 * Reads an ISO-8601 instant with a zone (`Z` or an offset).
 *
 * @returns null when the text is no such instant: no zone, no such day, hour 24, year 0, …
 */
export function parseInstant(text: string): ExactInstant | null {
  const found = ISO.exec(text)
  if (!found) return null
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = found
  const offset = offsetMinutes(zone)
  if (offset === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return null
  const wall = new Date(0)
  wall.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (wall.getUTCMonth() !== Number(month) - 1 || wall.getUTCDate() !== Number(day)) return null
  wall.setUTCHours(Number(hour), Number(minute), Number(second))
  const microseconds = Math.ceil(Number(fraction.padEnd(9, '0')) / 1_000)
  const at = instant(wall.getTime() + Math.floor(microseconds / 1_000) - offset * 60_000)
  return isWritable(at) ? { at, microseconds: microseconds % 1_000 } : null
}

/** Whether the instant lies in the years 1 to 9999, in UTC. */
export function isWritable(at: number): boolean {
  return at >= EARLIEST && at <= LATEST
}

/** ISO-8601 in UTC with microseconds, as the database keeps it. */
export function formatExactInstant({ at, microseconds }: ExactInstant): string {
  return `${formatInstant(at).slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`
}

function offsetMinutes(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 18 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
