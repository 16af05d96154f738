import { formatCron, parseCron } from '../../packages/domain/src/index.ts'

const DAY_MS = 86_400_000
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/**
 * Whether a cron fires on a date at all: the rule once more, said the slow and plain way, one date
 * at a time. It shares nothing with the planner's search; only reading is the planner's.
 *
 * @returns a function of midnight UTC of the date, in epoch milliseconds
 */
export function slowRule(expression: string): (date: number) => boolean {
  const parsed = parseCron(expression)
  if (!parsed.ok) throw new Error(parsed.error.message)
  const fields = formatCron(parsed.cron).split(' ')
  const [daysOfMonth, months, daysOfWeek] = fields.slice(3).map(field => field.split(','))
  return date =>
    months!.some(element => isMonth(element, date)) &&
    daysOfMonth!.some(element => isDayOfMonth(element, date)) &&
    daysOfWeek!.some(element => isDayOfWeek(element, date))
}

function isDayOfMonth(element: string, date: number): boolean {
  if (element === 'L') return isLastOfMonth(date)
  if (element.startsWith('L-')) return isLastOfMonth(date + Number(element.slice(2)) * DAY_MS, date)
  if (element === 'LW') return isNearestWorkday(lastOfMonth(date), date)
  if (element.endsWith('W')) {
    const asked = sameMonth(date, Number(element.slice(0, -1)))
    return monthOf(asked) === monthOf(date) && isNearestWorkday(asked, date)
  }
  return isAmong(element, new Date(date).getUTCDate(), 31, Number)
}

function isMonth(element: string, date: number): boolean {
  return isAmong(element, monthOf(date) + 1, 12, name => MONTHS.indexOf(name) + 1 || Number(name))
}

function isDayOfWeek(element: string, date: number): boolean {
  const weekday = WEEKDAYS[new Date(date).getUTCDay()]!
  const nth = Math.ceil(new Date(date).getUTCDate() / 7)
  if (element === `${weekday}#${nth}`) return true
  if (element === `${weekday}L`) return monthOf(date + 7 * DAY_MS) !== monthOf(date)
  if (/[L#]/.test(element.replace(/^[A-Z]{3}/, ''))) return false
  return isAmong(element, isoDay(weekday), 7, name => isoDay(name) || Number(name))
}

/** Whether `*`, `5`, `1-5`, `2/3` has the value. */
function isAmong(
  element: string,
  value: number,
  max: number,
  read: (text: string) => number,
): boolean {
  if (element === '*') return true
  const [span, step] = element.split('/')
  if (step) {
    const first = span === '*' ? 1 : read(span!)
    return value >= first && value <= max && (value - first) % Number(step) === 0
  }
  const [from, to = from] = span!.split('-')
  return value >= read(from!) && value <= read(to!)
}

function isLastOfMonth(date: number, within = date): boolean {
  return (
    date < within + 31 * DAY_MS && isSameMonth(date, within) && !isSameMonth(date, date + DAY_MS)
  )
}

/** The nearest Monday to Friday in the month of the day that was asked for. */
function isNearestWorkday(asked: number, date: number): boolean {
  const nearest = [0, -1, 1, -2, 2]
    .map(days => asked + days * DAY_MS)
    .filter(day => monthOf(day) === monthOf(asked))
    .find(day => ![0, 6].includes(new Date(day).getUTCDay()))
  return nearest === date
}

function lastOfMonth(date: number): number {
  return Date.UTC(new Date(date).getUTCFullYear(), monthOf(date) + 1, 0)
}

function sameMonth(date: number, day: number): number {
  return Date.UTC(new Date(date).getUTCFullYear(), monthOf(date), day)
}

function monthOf(date: number): number {
  return new Date(date).getUTCMonth()
}

function isSameMonth(date: number, other: number): boolean {
  return monthOf(date) === monthOf(other)
}

function isoDay(name: string): number {
  return name === 'SUN' ? 7 : Math.max(WEEKDAYS.indexOf(name), 0)
}
