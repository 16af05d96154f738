/**
 * Date arithmetic in the proleptic Gregorian calendar on whole numbers: a *day* counts from
 * 1970-01-01, a *month* counts from January of the year 0. No `Date` is made: the planner asks this
 * hundreds of thousands of times a second.
 *
 * @see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
 */

export const SECOND_MS = 1_000
export const DAY_MS = 86_400_000
export const DAY_SECONDS = 86_400
export const MONTHS_A_YEAR = 12

/** The Gregorian calendar with its weekdays repeats after 400 years. */
export const CYCLE_YEARS = 400
export const CYCLE_DAYS = 146_097

/** Days from 0000-03-01, where the arithmetic begins, to 1970-01-01. */
const EPOCH_SHIFT = 719_468

/** The month in which a day lies. */
export function monthOf(day: number): number {
  const shifted = day + EPOCH_SHIFT
  const cycle = Math.floor(shifted / CYCLE_DAYS)
  const dayOfCycle = shifted - cycle * CYCLE_DAYS
  const yearOfCycle = Math.floor(
    (dayOfCycle -
      Math.floor(dayOfCycle / 1_460) +
      Math.floor(dayOfCycle / 36_524) -
      Math.floor(dayOfCycle / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  return (cycle * CYCLE_YEARS + yearOfCycle) * MONTHS_A_YEAR + monthFromMarch + 2
}

/** The first day of a month. */
export function firstDayOf(month: number): number {
  const fromMarch = month - 2
  const year = Math.floor(fromMarch / MONTHS_A_YEAR)
  const monthFromMarch = fromMarch - year * MONTHS_A_YEAR
  const cycle = Math.floor(year / CYCLE_YEARS)
  const yearOfCycle = year - cycle * CYCLE_YEARS
  return (
    cycle * CYCLE_DAYS +
    yearOfCycle * 365 +
    Math.floor(yearOfCycle / 4) -
    Math.floor(yearOfCycle / 100) +
    Math.floor((153 * monthFromMarch + 2) / 5) -
    EPOCH_SHIFT
  )
}

/** 1 for Monday to 7 for Sunday. */
export function weekdayOf(day: number): number {
  const fromMonday = (day + 3) % 7 // 1970-01-01 was a Thursday
  return (fromMonday < 0 ? fromMonday + 7 : fromMonday) + 1
}

/** 1 for January to 12 for December. */
export function monthOfYear(month: number): number {
  const fromJanuary = month % MONTHS_A_YEAR
  return (fromJanuary < 0 ? fromJanuary + MONTHS_A_YEAR : fromJanuary) + 1
}
