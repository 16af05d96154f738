import {
  CYCLE_YEARS,
  DAY_SECONDS,
  firstDayOf,
  MONTHS_A_YEAR,
  monthOf,
  monthOfYear,
  weekdayOf,
} from './calendar.ts'
import type { Cron } from './cron.ts'
import { matchingDays, monthKind } from './month-days.ts'

/**
 * A cron expression laid out for the search: tables that answer "the next match" by one look-up.
 * Made once when the expression is parsed; nothing in it changes.
 */
export interface Timetable {
  /** For each value the next one that matches, itself included, or `NONE`. One longer than the field. */
  readonly nextSecond: Uint8Array
  readonly nextMinute: Uint8Array
  readonly nextHour: Uint8Array
  /** Bit 1 for January to bit 12 for December. */
  readonly months: number
  /** For each kind of month its matching days: bit 0 for the 1st to bit 30 for the 31st. */
  readonly days: Int32Array
}

type Fields = Omit<Cron, 'timetable'>

const NONE = 255

export function layOut(fields: Fields): Timetable {
  return {
    nextSecond: nextMatches(fields.seconds, 60),
    nextMinute: nextMatches(fields.minutes, 60),
    nextHour: nextMatches(fields.hours, 24),
    months: fields.months.reduce((bits, month) => bits | (1 << month), 0),
    days: matchingDays(fields),
  }
}

/**
 * The next time of day at or after this one, both in seconds from midnight.
 *
 * @returns -1 when the day has no more
 */
function nextTimeOfDay(table: Timetable, from: number): number {
  const { nextHour, nextMinute, nextSecond } = table
  const hour = Math.floor(from / 3_600)
  if (nextHour[hour] === hour) {
    const minute = Math.floor(from / 60) % 60
    if (nextMinute[minute] === minute) {
      const second = nextSecond[from % 60]!
      if (second !== NONE) return from - (from % 60) + second
    }
    const laterMinute = nextMinute[minute + 1]!
    if (laterMinute !== NONE) return hour * 3_600 + laterMinute * 60 + nextSecond[0]!
  }
  const laterHour = nextHour[hour + 1]!
  if (laterHour === NONE) return -1
  return laterHour * 3_600 + nextMinute[0]! * 60 + nextSecond[0]!
}

/**
 * The next day at or after this one.
 *
 * @returns null when no day of the next 400 years matches: then none ever will, for the calendar
 *   repeats
 */
export function nextDay(table: Timetable, from: number): number | null {
  let month = monthOf(from)
  let first = firstDayOf(month)
  let skipped = from - first // days of the first month that lie before `from`
  let weekday = weekdayOf(first)
  for (const end = month + CYCLE_YEARS * MONTHS_A_YEAR; month <= end; month++) {
    const next = firstDayOf(month + 1)
    const length = next - first
    if (table.months & (1 << monthOfYear(month))) {
      const days = (table.days[monthKind(length, weekday)]! >>> skipped) << skipped
      if (days !== 0) return first + lowestBit(days)
    }
    weekday = ((weekday - 1 + length) % 7) + 1
    first = next
    skipped = 0
  }
  return null
}

/**
 * The next wall-clock time at or after this one, both in seconds since 1970-01-01 on that clock.
 *
 * @returns null when there is none, ever
 */
export function nextWallTime(table: Timetable, from: number): number | null {
  const today = Math.floor(from / DAY_SECONDS)
  const day = nextDay(table, today)
  if (day === null) return null
  if (day > today) return day * DAY_SECONDS + nextTimeOfDay(table, 0)
  const time = nextTimeOfDay(table, from - today * DAY_SECONDS)
  if (time >= 0) return today * DAY_SECONDS + time
  const later = nextDay(table, today + 1)
  return later === null ? null : later * DAY_SECONDS + nextTimeOfDay(table, 0)
}

function nextMatches(values: readonly number[], size: number): Uint8Array {
  const next = new Uint8Array(size + 1).fill(NONE)
  let following = NONE
  let index = values.length - 1
  for (let value = size - 1; value >= 0; value--) {
    if (values[index] === value) {
      following = value
      index--
    }
    next[value] = following
  }
  return next
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
