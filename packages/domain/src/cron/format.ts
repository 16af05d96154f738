import type { Cron, MonthDayRule, WeekdayRule } from './cron.ts'
import { monthNames, weekdayNames } from './names.ts'

/**
 * Writes a cron expression in its normalised form: the shortest of `*`, steps, ranges and lists,
 * with names for months and weekdays. What it writes reads as the same `Cron`.
 */
export function formatCron(cron: Cron): string {
  return [
    formatValues(cron.seconds, 0, 59),
    formatValues(cron.minutes, 0, 59),
    formatValues(cron.hours, 0, 23),
    formatDays(cron.daysOfMonth.days, 31, cron.daysOfMonth.rules.map(formatMonthDayRule)),
    formatValues(cron.months, 1, 12, month => monthNames[month - 1]!),
    formatDays(cron.daysOfWeek.days, 7, cron.daysOfWeek.rules.map(formatWeekdayRule), weekday),
  ].join(' ')
}

export function formatMonthDayRule(rule: MonthDayRule): string {
  switch (rule.kind) {
    case 'last day':
      return rule.before === 0 ? 'L' : `L-${rule.before}`
    case 'last workday':
      return 'LW'
    case 'nearest workday':
      return `${rule.day}W`
    default:
      return rule satisfies never
  }
}

export function formatWeekdayRule(rule: WeekdayRule): string {
  switch (rule.kind) {
    case 'last weekday':
      return `${weekday(rule.weekday)}L`
    case 'nth weekday':
      return `${weekday(rule.weekday)}#${rule.nth}`
    default:
      return rule satisfies never
  }
}

type FormatValue = (value: number) => string

function weekday(day: number): string {
  return weekdayNames[day - 1]!
}

function formatDays(
  days: readonly number[],
  max: number,
  rules: readonly string[],
  format: FormatValue = String,
): string {
  if (days.length === 0) return rules.join(',')
  return [formatValues(days, 1, max, format), ...rules].join(',')
}

function formatValues(
  values: readonly number[],
  min: number,
  max: number,
  format: FormatValue = String,
): string {
  if (values.length === max - min + 1) return '*'
  return formatStep(values, min, max) ?? formatRuns(values, format)
}

/** `*\/5` or `3/5` for three values or more that go on evenly to the end of the field. */
function formatStep(values: readonly number[], min: number, max: number): string | null {
  const [first, second] = values
  if (values.length < 3) return null
  const step = second! - first!
  const even = values.every((value, index) => value === first! + index * step)
  if (step === 1 || !even || values.at(-1)! + step <= max) return null
  return `${first === min ? '*' : first}/${step}`
}

function formatRuns(values: readonly number[], format: FormatValue): string {
  const runs: string[] = []
  for (let index = 0; index < values.length; ) {
    let last = index
    while (values[last + 1] === values[last]! + 1) last++
    const run = values.slice(index, last + 1)
    if (run.length < 3) runs.push(...run.map(format))
    else runs.push(`${format(run[0]!)}-${format(run.at(-1)!)}`)
    index = last + 1
  }
  return runs.join(',')
}
