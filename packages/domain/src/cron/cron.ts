import type { Timetable } from './timetable.ts'

/**
 * A cron expression that was read: which values each of its six fields takes, in canonical form, so
 * that two expressions of one meaning are the same `Cron`. Made by `parseCron` only.
 *
 * A whole second fires when all six of its wall-clock fields match.
 */
export interface Cron {
  /** 0 to 59, ascending; so are the others. */
  readonly seconds: readonly number[]
  /** 0 to 59. */
  readonly minutes: readonly number[]
  /** 0 to 23. */
  readonly hours: readonly number[]
  readonly daysOfMonth: {
    /** 1 to 31. */
    readonly days: readonly number[]
    readonly rules: readonly MonthDayRule[]
  }
  /** 1 to 12. */
  readonly months: readonly number[]
  readonly daysOfWeek: {
    /** 1 for Monday to 7 for Sunday. */
    readonly days: readonly number[]
    readonly rules: readonly WeekdayRule[]
  }
  /** What the fields come to, laid out for the search. */
  readonly timetable: Timetable
}

/** A day of the month that depends on the month. */
export type MonthDayRule =
  /** `L`, `L-3`: so many days before the last one. */
  | { readonly kind: 'last day'; readonly before: number }
  /** `LW`: the last Monday to Friday. */
  | { readonly kind: 'last workday' }
  /** `15W`: the Monday to Friday nearest to the day, in the same month. */
  | { readonly kind: 'nearest workday'; readonly day: number }

/** A day of the week that depends on the month. */
export type WeekdayRule =
  /** `5L`: the last such weekday of the month. */
  | { readonly kind: 'last weekday'; readonly weekday: number }
  /** `FRI#2`: the nth such weekday of the month. One past the fifth never comes. */
  | { readonly kind: 'nth weekday'; readonly weekday: number; readonly nth: number }

/** The fields in the order in which they are written. */
export const cronFields = [
  'second',
  'minute',
  'hour',
  'day of month',
  'month',
  'day of week',
] as const
export type CronField = (typeof cronFields)[number]

/** Why a text is no cron expression. */
export interface CronError {
  /** Null when it is the expression as a whole. */
  readonly field: CronField | null
  /** What is wrong, as it was written. */
  readonly text: string
  /** Where `text` begins in the expression, from 0. */
  readonly position: number
  /** One sentence that says what would be right. */
  readonly message: string
}

/** What becomes of wall-clock times that a change of the clock drops or repeats. */
export interface DstPolicy {
  /**
   * A time that the clock jumps over is skipped, or is shifted by as much as the clock: 02:30
   * becomes 03:30.
   */
  readonly gap: 'skip' | 'shift'
  /** A time that comes twice fires both times, or only the first or the second time. */
  readonly overlap: 'both' | 'first' | 'second'
}

/** What Spring does. */
export const springDst: DstPolicy = { gap: 'skip', overlap: 'both' }
