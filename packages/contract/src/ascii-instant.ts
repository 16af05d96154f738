import { type Instant, instant } from '@cronos/domain'
import { readDigits, writePadded } from './ascii.ts'

/** What an instant looks like, for its length and its marks. */
const FORM = Buffer.from('2026-11-23T20:42:06.777Z')
/** Where it has no digits. */
const MARKS = [4, 7, 10, 13, 16, 19, 23]

export const INSTANT_LENGTH = FORM.length

/** The years 1000 to 9999. */
const EARLIEST = Date.UTC(1000, 0, 1)
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const DAY_MS = 86_400_000

/** Whether it is of the years that are written with four digits, the first not 0. */
export function hasPlainYear(at: Instant): boolean {
  return at >= EARLIEST && at <= LATEST
}

/**
 * Writes an instant of those years as `formatInstant` does.
 *
 * @returns where it ends
 */
export function writeInstant(bytes: Uint8Array, at: number, time: Instant): number {
  const days = Math.floor(time / DAY_MS)
  const ms = time - days * DAY_MS
  for (const mark of MARKS) bytes[at + mark] = FORM[mark]!
  writeDate(bytes, at, days)
  const seconds = Math.floor(ms / 1_000)
  writePadded(bytes, at + 11, Math.floor(seconds / 3_600), 2)
  writePadded(bytes, at + 14, Math.floor(seconds / 60) % 60, 2)
  writePadded(bytes, at + 17, seconds % 60, 2)
  writePadded(bytes, at + 20, ms % 1_000, 3)
  return at + INSTANT_LENGTH
}

/**
 * Years that begin in March, so that a leap day is the last of its year.
 *
 * @param days since 1970
 * @see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
 */
function writeDate(bytes: Uint8Array, at: number, days: number): void {
  const shifted = days + 719_468 // since the 1st of March of the year 0
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const leaps = Math.floor(ofEra / 1_460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096)
  const yearOfEra = Math.floor((ofEra - leaps) / 365)
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  writePadded(bytes, at, yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4)
  writePadded(bytes, at + 5, month, 2)
  writePadded(bytes, at + 8, ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1, 2)
}

/** Reads an instant of those years in exactly this form; null for what is none, or of another. */
export function readInstant(bytes: Uint8Array, at: number): Instant | null {
  for (const mark of MARKS) if (bytes[at + mark] !== FORM[mark]) return null
  const year = readDigits(bytes, at, 4)
  const month = readDigits(bytes, at + 5, 2)
  const day = readDigits(bytes, at + 8, 2)
  const hour = readDigits(bytes, at + 11, 2)
  const minute = readDigits(bytes, at + 14, 2)
  const second = readDigits(bytes, at + 17, 2)
  const millisecond = readDigits(bytes, at + 20, 3)
  if (!(year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= 31)) return null
  if (!(hour <= 23 && minute <= 59 && second <= 59 && millisecond >= 0)) return null
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
  // The 30th of February would be one of March.
  return day > 28 && new Date(ms).getUTCDate() !== day ? null : instant(ms)
}
