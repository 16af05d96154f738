import type { Cron, MonthDayRule, WeekdayRule } from './cron.ts'

/**
 * Which days of a month match depends only on the month's length and on the weekday of its 1st:
 * there are 28 *kinds* of month, numbered from 0.
 */
const MONTH_KINDS = 28

const SHORTEST = 28
const LONGEST = 31
const SATURDAY = 6
const SUNDAY = 7
/** The 1st, 8th, 15th, 22nd and 29th. */
const WEEKLY = 1 | (1 << 7) | (1 << 14) | (1 << 21) | (1 << 28)

/**
 * @param length 28 to 31
 * @param firstWeekday 1 for Monday to 7 for Sunday
 */
export function monthKind(length: number, firstWeekday: number): number {
  return (length - SHORTEST) * 7 + firstWeekday - 1
}

/**
 * For each kind of month the days that match both the day of month and the day of week.
 *
 * @returns bit 0 for the 1st to bit 30 for the 31st
 */
export function matchingDays({
  daysOfMonth,
  daysOfWeek,
}: Pick<Cron, 'daysOfMonth' | 'daysOfWeek'>): Int32Array {
  const found = new Int32Array(MONTH_KINDS)
  const dates = daysOfMonth.days.reduce((bits, day) => bits | (1 << (day - 1)), 0)
  for (let length = SHORTEST; length <= LONGEST; length++) {
    for (let firstWeekday = 1; firstWeekday <= 7; firstWeekday++) {
      const month: Month = { length, firstWeekday }
      let byDate = dates
      for (const rule of daysOfMonth.rules) byDate |= bitOf(month, monthDay(month, rule))
      let byWeekday = 0
      for (const weekday of daysOfWeek.days) byWeekday |= WEEKLY << (firstOn(month, weekday) - 1)
      for (const rule of daysOfWeek.rules) byWeekday |= bitOf(month, weekdayDay(month, rule))
      const existing = 2 ** length - 1
      found[monthKind(length, firstWeekday)] = byDate & byWeekday & existing
    }
  }
  return found
}

interface Month {
  readonly length: number
  readonly firstWeekday: number
}

/** No bit for a day that the month does not have. */
function bitOf({ length }: Month, day: number): number {
  return day >= 1 && day <= length ? 1 << (day - 1) : 0
}

function monthDay(month: Month, rule: MonthDayRule): number {
  switch (rule.kind) {
    case 'last day':
      return month.length - rule.before
    case 'last workday':
      return nearestWorkday(month, month.length)
    case 'nearest workday':
      return nearestWorkday(month, rule.day)
    default:
      return rule satisfies never
  }
}

/** It never leaves the month: a Saturday 1st moves to Monday, a Sunday at the end to Friday. */
function nearestWorkday(month: Month, day: number): number {
  if (day > month.length) return 0
  switch (weekdayOn(month, day)) {
    case SATURDAY:
      return day === 1 ? day + 2 : day - 1
    case SUNDAY:
      return day === month.length ? day - 2 : day + 1
    default:
      return day
  }
}

function weekdayDay(month: Month, rule: WeekdayRule): number {
  const first = firstOn(month, rule.weekday)
  switch (rule.kind) {
    case 'nth weekday':
      return first + (rule.nth - 1) * 7
    case 'last weekday':
      return first + Math.floor((month.length - first) / 7) * 7
    default:
      return rule satisfies never
  }
}

function weekdayOn({ firstWeekday }: Month, day: number): number {
  return ((firstWeekday + day - 2) % 7) + 1
}

/** The first day of the month with this weekday, 1 to 7. */
function firstOn({ firstWeekday }: Month, weekday: number): number {
  return ((weekday - firstWeekday + 7) % 7) + 1
}
