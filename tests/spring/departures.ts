import { loadZone } from '../../packages/domain/src/index.ts'
import type { Answer, Case, Verdict } from './judge.ts'
import { slowRule } from './slow-rule.ts'

/** Why Cronos may differ from Spring: each has a named test and a paragraph in docs/cron.md. */
export type Departure =
  | 'day before the month'
  | 'workday at a month end'
  | 'weekday past the fifth'
  | 'change of the clock'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** In forty years in a row each date of the year has had each weekday, 29 February too. */
const LONG_ENOUGH_MS = 40 * 366 * DAY_MS

/**
 * Says which departure a difference is. It is one only when Spring is known to go wrong on such a
 * case and the answer of Cronos is what the rule demands, found on another way.
 *
 * @returns null when the difference is a mistake of Cronos
 */
export function explain(asked: Case, ours: Answer, { spring, rule }: Verdict): Departure | null {
  const fields = asked.expression.trim().split(/\s+/)
  const ends = fields[3]?.split(',') ?? []
  const weekdays = fields[5]?.split(',') ?? []
  if (ends.some(isBeforeMonth) && isByTheDays(asked, ours)) return 'day before the month'
  if (ends.some(isAtMonthEnd) && isByTheDays(asked, ours)) return 'workday at a month end'
  if (weekdays.some(isPastTheFifth) && isByTheDays(asked, ours)) return 'weekday past the fifth'
  // Where the rule finds nothing Spring may still, in the days around a day that was skipped.
  const found = typeof ours === 'number' ? ours : spring
  if (ours === rule && typeof found === 'number' && crossesOddChange(asked, found))
    return 'change of the clock'
  return null
}

/** `L-28` and further back: in some months that is no day of the month. */
function isBeforeMonth(element: string): boolean {
  return element.startsWith('L-') && !/^L-0*(1?\d|2[0-7])$/.test(element)
}

/** `1W` and `28W` to `31W`: the nearest Monday to Friday may lie past the month's end. */
function isAtMonthEnd(element: string): boolean {
  return /^\+?0*(1|28|29|30|31)W$/.test(element)
}

/** `MON#6` and further: no month has so many. */
function isPastTheFifth(element: string): boolean {
  return Number(element.split('#')[1] ?? 0) > 5
}

/** The answer's date fires, and none between does. */
function isByTheDays({ expression, zone, after }: Case, ours: Answer): boolean {
  const fires = slowRule(expression)
  const today = dateOf(zone, after)
  const last = typeof ours === 'number' ? dateOf(zone, ours) : today + LONG_ENOUGH_MS
  if (typeof ours === 'number' && !fires(last)) return false
  for (let date = today + DAY_MS; date < last; date += DAY_MS)
    if (fires(date) && isInZone(zone, date)) return false
  return true
}

/** Whether the zone has that date: a few have skipped one to change sides of the date line. */
function isInZone(zone: string, date: number): boolean {
  const { segmentAt } = loadZone(zone)!
  return [date - DAY_MS, date + DAY_MS].some(
    near => dateOf(zone, date + DAY_MS / 2 - segmentAt(near).offset) === date,
  )
}

/**
 * Whether the clock is changed on the way other than by one hour on the hour between 01:00 and
 * 23:00, the only kind that never confuses Spring.
 */
function crossesOddChange({ zone, after }: Case, found: number): boolean {
  const { segmentAt } = loadZone(zone)!
  // Spring may lose a fire on the day of a change, whether the change is already past or not.
  for (let at = after - DAY_MS; at <= found + DAY_MS; ) {
    const before = segmentAt(at)
    if (before.until > found + DAY_MS) return false
    const shift = segmentAt(before.until).offset - before.offset
    const times = [before.until + before.offset, before.until + before.offset + shift]
    const plain = times.every(time => time % HOUR_MS === 0 && time % DAY_MS !== 0)
    if (shift !== 0 && !(plain && Math.abs(shift) === HOUR_MS)) return true
    at = before.until
  }
  return false
}

function dateOf(zone: string, at: number): number {
  const wall = at + loadZone(zone)!.segmentAt(at).offset
  return Math.floor(wall / DAY_MS) * DAY_MS
}
