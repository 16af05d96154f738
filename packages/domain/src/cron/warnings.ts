import type { Instant } from '../instant.ts'
import { DAY_MS } from './calendar.ts'
import { shiftAfter } from './clock-change.ts'
import type { Cron, DstPolicy } from './cron.ts'
import { firstOnClock, nextFire } from './next-fire.ts'
import { formatWall } from './wall-clock.ts'
import type { Zone } from './zone.ts'

/** Something about an expression that its author may not have meant. */
export interface CronWarning {
  readonly code:
    | 'NEVER_FIRES'
    | 'EVERY_SECOND'
    | 'SHORT_MONTHS'
    | 'BOTH_DAYS'
    | 'UNEVEN_STEP'
    | 'CLOCK_CHANGE'
  /** One sentence that says what happens and what may have been meant. */
  readonly message: string
}

/** How far ahead changes of the clock are worth a warning. */
const YEAR_MS = 366 * DAY_MS

/** Every warning that holds for an expression in a zone, from an instant on. */
export function warningsOf(
  cron: Cron,
  zone: Zone,
  after: Instant,
  dst: DstPolicy,
): readonly CronWarning[] {
  if (nextFire(cron, zone, after, dst) === null)
    return [{ code: 'NEVER_FIRES', message: 'it never fires: no such date or time ever comes' }]
  return [
    ...everySecond(cron),
    ...shortMonths(cron),
    ...bothDays(cron),
    ...unevenSteps(cron),
    ...clockChanges(cron, zone, after, dst),
  ]
}

function everySecond({ seconds }: Cron): CronWarning[] {
  if (seconds.length < 60) return []
  const message =
    'it fires every second of each minute that matches; write 0 as the first field to fire once a minute'
  return [{ code: 'EVERY_SECOND', message }]
}

/** Only days that some months do not have. */
function shortMonths({ daysOfMonth }: Cron): CronWarning[] {
  const days = [
    ...daysOfMonth.days,
    ...daysOfMonth.rules.map(rule => (rule.kind === 'nearest workday' ? rule.day : 0)),
  ]
  const first = Math.min(...days)
  if (first < 29) return []
  const message = `it does nothing in months without a day ${first}; L is the last day of any month`
  return [{ code: 'SHORT_MONTHS', message }]
}

function bothDays({ daysOfMonth, daysOfWeek }: Cron): CronWarning[] {
  if (daysOfMonth.days.length === 31 || daysOfWeek.days.length === 7) return []
  const message =
    'it fires on days that match both the day of month and the day of week, where Unix cron takes either'
  return [{ code: 'BOTH_DAYS', message }]
}

function unevenSteps({ seconds, minutes, hours }: Cron): CronWarning[] {
  const fields = [
    { name: 'second', values: seconds, size: 60 },
    { name: 'minute', values: minutes, size: 60 },
    { name: 'hour', values: hours, size: 24 },
  ]
  return fields.flatMap(({ name, values, size }) => {
    const step = values.length < 3 ? 0 : values[1]! - values[0]!
    const last = values.at(-1)!
    const goesOn = values.every((value, index) => value === index * step)
    if (!goesOn || last + step < size || size % step === 0) return []
    const message = `every ${step} ${name}s begins anew at 0: the last interval is ${size - last}, not ${step}`
    return [{ code: 'UNEVEN_STEP' as const, message }]
  })
}

/** The next time that a change of the clock drops and doubles, unless the job fires hourly anyway. */
function clockChanges(cron: Cron, zone: Zone, after: Instant, dst: DstPolicy): CronWarning[] {
  if (cron.hours.length === 24) return []
  const outcomes = {
    gap: dst.gap === 'skip' ? 'is skipped and does not fire' : 'is skipped and fires later instead',
    overlap: dst.overlap === 'both' ? 'comes twice and fires twice' : null,
  }
  const found = new Map<string, CronWarning>()
  for (let segment = zone.segmentAt(after); segment.until < after + YEAR_MS; ) {
    const shift = shiftAfter(zone, segment)
    const from = Math.min(segment.until, segment.until + shift)
    const at = firstOnClock(cron, segment.offset, from)
    const outcome = shift > 0 ? outcomes.gap : outcomes.overlap
    if (outcome && at < from + Math.abs(shift) && !found.has(outcome)) {
      const time = formatWall(at + segment.offset).replace('T', ' at ')
      const message = `${time} ${outcome}, because the clock changes`
      found.set(outcome, { code: 'CLOCK_CHANGE', message })
    }
    segment = zone.segmentAt(segment.until)
  }
  return [...found.values()]
}
