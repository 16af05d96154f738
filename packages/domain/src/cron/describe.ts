import type { Cron, MonthDayRule, WeekdayRule } from './cron.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth']

/** So many times of day are listed; more are told by their hours, minutes and seconds. */
const LISTED_TIMES = 4

/**
 * Says in plain English when a cron fires, in the wall clock of its zone:
 * `At 09:00, on Monday to Friday, in January`.
 */
export function describeCron(cron: Cron): string {
  const time = describeTime(cron)
  const dates = [describeDays(cron), describeMonths(cron)].filter(part => part !== '')
  const always = time.startsWith('at ') && !time.includes(' of ') ? ['every day'] : []
  const sentence = [time, ...(dates.length > 0 ? dates : always)].join(', ')
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}

function describeTime(cron: Cron): string {
  const { hours, minutes, seconds } = cron
  const times = hours.length * minutes.length * seconds.length
  if (times <= LISTED_TIMES) return `at ${listWords(timesOf(cron))}`
  if (isOnly(seconds, 0) && isOnly(minutes, 0)) return describeFullHours(hours)
  const withinHour = describeWithinHour(minutes, seconds)
  return hours.length === 24 ? withinHour : `${withinHour}, ${describeHours(hours)}`
}

function describeFullHours(hours: readonly number[]): string {
  const step = evenStep(hours, 24)
  if (step !== null) return every(step, 'hour')
  const runs = runsOf(hours)
  if (runs.every(([from, to]) => from === to)) return `at ${listWords(hours.map(h => clock(h)))}`
  const spans = runs.map(([from, to]) =>
    from === to ? `at ${clock(from)}` : `every hour from ${clock(from)} to ${clock(to)}`,
  )
  return listWords(spans)
}

function describeWithinHour(minutes: readonly number[], seconds: readonly number[]): string {
  const secondStep = evenStep(seconds, 60)
  const minuteStep = evenStep(minutes, 60)
  if (isOnly(seconds, 0))
    return minuteStep
      ? every(minuteStep, 'minute')
      : `at ${numbered('minute', minutes)} of the hour`
  const second = secondStep ? every(secondStep, 'second') : `at ${numbered('second', seconds)}`
  if (minuteStep === 1) return secondStep ? second : `${second} of every minute`
  return `${second}, in ${numbered('minute', minutes)} of the hour`
}

function describeHours(hours: readonly number[]): string {
  const spans = runsOf(hours).map(([from, to]) => `${clock(from)} to ${clock(to, 59)}`)
  return `from ${listWords(spans)}`
}

function describeDays({ daysOfMonth, daysOfWeek }: Cron): string {
  const anyDate = daysOfMonth.days.length === 31
  const anyWeekday = daysOfWeek.days.length === 7
  if (anyDate && anyWeekday) return ''
  const dates = listWords([
    ...(daysOfMonth.days.length > 0 ? [`${numbered('day', daysOfMonth.days)} of the month`] : []),
    ...daysOfMonth.rules.map(describeMonthDayRule),
  ])
  const weekdays = [
    ...namedRuns(daysOfWeek.days, WEEKDAYS),
    ...daysOfWeek.rules.map(describeWeekdayRule),
  ]
  if (anyWeekday) return `on ${dates}`
  if (anyDate) return `on ${listWords(weekdays)}`
  return `on ${dates}, but only if it is ${listWords(weekdays, 'or')}`
}

function describeMonths({ months }: Cron): string {
  return months.length === 12 ? '' : `in ${listWords(namedRuns(months, MONTHS))}`
}

function describeMonthDayRule(rule: MonthDayRule): string {
  switch (rule.kind) {
    case 'last day':
      if (rule.before === 0) return 'the last day of the month'
      return `the day ${rule.before > 1 ? `${rule.before} days ` : ''}before the last of the month`
    case 'last workday':
      return 'the last Monday to Friday of the month'
    case 'nearest workday':
      return `the Monday to Friday nearest to day ${rule.day} of the month`
    default:
      return rule satisfies never
  }
}

function describeWeekdayRule(rule: WeekdayRule): string {
  const weekday = WEEKDAYS[rule.weekday - 1]!
  switch (rule.kind) {
    case 'last weekday':
      return `the last ${weekday} of the month`
    case 'nth weekday':
      return `the ${ORDINALS[rule.nth - 1] ?? `${rule.nth}th`} ${weekday} of the month`
    default:
      return rule satisfies never
  }
}

function timesOf({ hours, minutes, seconds }: Cron): string[] {
  const withSeconds = !isOnly(seconds, 0)
  return hours.flatMap(hour =>
    minutes.flatMap(minute =>
      seconds.map(second => clock(hour, minute) + (withSeconds ? `:${twoDigits(second)}` : '')),
    ),
  )
}

/** The step of values that go round the whole field evenly from 0: 5 for 0, 5, … 55; else null. */
function evenStep(values: readonly number[], size: number): number | null {
  const step = size / values.length
  const even = values.every((value, index) => value === index * step)
  return even && values.length > 1 ? step : null
}

function every(step: number, unit: string): string {
  return step === 1 ? `every ${unit}` : `every ${step} ${unit}s`
}

/** `minute 5`, `minutes 5, 10 and 20 to 30`. */
function numbered(unit: string, values: readonly number[]): string {
  return `${unit}${values.length > 1 ? 's' : ''} ${listWords(runWords(values, String))}`
}

function namedRuns(values: readonly number[], names: readonly string[]): string[] {
  return runWords(values, value => names[value - 1]!)
}

function runWords(values: readonly number[], word: (value: number) => string): string[] {
  return runsOf(values).flatMap(([from, to]) => {
    if (from === to) return [word(from)]
    return to === from + 1 ? [word(from), word(to)] : [`${word(from)} to ${word(to)}`]
  })
}

/** The stretches of neighbours in ascending values, each by its first and last. */
function runsOf(values: readonly number[]): [number, number][] {
  const runs: [number, number][] = []
  for (const value of values) {
    const run = runs.at(-1)
    if (run && run[1] === value - 1) run[1] = value
    else runs.push([value, value])
  }
  return runs
}

function listWords(words: readonly string[], conjunction = 'and'): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`
}

function isOnly(values: readonly number[], value: number): boolean {
  return values.length === 1 && values[0] === value
}

function clock(hour: number, minute = 0): string {
  return `${twoDigits(hour)}:${twoDigits(minute)}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
