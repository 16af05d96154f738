import {
  type Cron,
  type CronError,
  cronFields,
  type MonthDayRule,
  type WeekdayRule,
} from './cron.ts'
import {
  hasMonthDayRule,
  hasWeekdayRule,
  parseMonthDayRule,
  parseWeekdayRule,
} from './day-rules.ts'
import { formatMonthDayRule, formatWeekdayRule } from './format.ts'
import { monthNames, weekdayNames } from './names.ts'
import { type Piece, Refusal, splitList } from './refusal.ts'
import { layOut } from './timetable.ts'
import { type FieldRange, parseValues } from './values.ts'

const SECONDS: FieldRange = { field: 'second', min: 0, max: 59 }
const MINUTES: FieldRange = { field: 'minute', min: 0, max: 59 }
const HOURS: FieldRange = { field: 'hour', min: 0, max: 23 }
const DAYS_OF_MONTH: FieldRange = {
  field: 'day of month',
  min: 1,
  max: 31,
  orElse: 'one of L, L-3, LW, 15W in capitals',
  questionMark: true,
}
const MONTHS: FieldRange = {
  field: 'month',
  min: 1,
  max: 12,
  names: monthNames,
  orElse: 'a name from JAN to DEC',
}
const DAYS_OF_WEEK: FieldRange = {
  field: 'day of week',
  min: 1,
  max: 7,
  names: weekdayNames,
  orElse: 'a name from MON to SUN',
  zeroIsSeven: true,
  questionMark: true,
}

const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 0 1 1 *'],
  ['@annually', '0 0 0 1 1 *'],
  ['@monthly', '0 0 0 1 * *'],
  ['@weekly', '0 0 0 * * 0'],
  ['@daily', '0 0 0 * * *'],
  ['@midnight', '0 0 0 * * *'],
  ['@hourly', '0 0 * * * *'],
])

/** What became of a text that should be a cron expression. */
export type ParsedCron =
  | { readonly ok: true; readonly cron: Cron }
  | { readonly ok: false; readonly error: CronError }

/**
 * Reads a cron expression as Spring 6 does: six fields (second, minute, hour, day of month, month,
 * day of week) or a macro such as `@daily`. What Spring refuses is refused.
 *
 * @see org.springframework.scheduling.support.CronExpression
 */
export function parseCron(text: string): ParsedCron {
  try {
    return { ok: true, cron: parseFields(text) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.cronError }
    throw error
  }
}

function parseFields(text: string): Cron {
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = splitFields(text)
  const fields = {
    seconds: parseField(SECONDS, second),
    minutes: parseField(MINUTES, minute),
    hours: parseField(HOURS, hour),
    daysOfMonth: parseDaysOfMonth(dayOfMonth),
    months: parseField(MONTHS, month),
    daysOfWeek: parseDaysOfWeek(dayOfWeek),
  }
  return { ...fields, timetable: layOut(fields) }
}

type SixPieces = readonly [Piece, Piece, Piece, Piece, Piece, Piece]

/** Fields are parted by blanks; other white space counts only beside one, where it is cut off. */
function splitFields(text: string): SixPieces {
  const trimmed = trim(text)
  const expression = MACROS.get(lowerCase(trimmed.text)) ?? text
  const pieces: Piece[] = []
  let position = 0
  for (const token of expression.split(' ')) {
    const { text, cut } = trim(token)
    if (text !== '')
      pieces.push({ field: cronFields[pieces.length] ?? null, text, position: position + cut })
    position += token.length + 1
  }
  if (pieces.length === cronFields.length) return pieces as unknown as SixPieces
  const whole = { field: null, text: trimmed.text, position: trimmed.cut }
  throw new Refusal(
    whole,
    trimmed.text.startsWith('@')
      ? `a macro must be one of ${[...MACROS.keys()].join(', ')}, got '${trimmed.text}'`
      : `a cron expression must have 6 fields (${cronFields.join(', ')}), got ${pieces.length}`,
  )
}

function parseField(range: FieldRange, field: Piece): number[] {
  const values = new Set<number>() // not a list: a long text may name the same values again and again
  for (const element of elementsOf(range, field))
    for (const value of parseValues(range, element)) values.add(value)
  return inOrder(values)
}

function parseDaysOfMonth(field: Piece): Cron['daysOfMonth'] {
  const days = new Set<number>()
  const rules: MonthDayRule[] = []
  const kind = hasMonthDayRule(field.text) ? 'with rules' : 'plain'
  for (const element of elementsOf(DAYS_OF_MONTH, field, kind)) {
    if (hasMonthDayRule(element.text)) rules.push(parseMonthDayRule(DAYS_OF_MONTH, element))
    else for (const day of parseValues(DAYS_OF_MONTH, element)) days.add(day)
  }
  const all = inOrder(days)
  const everyDay = all.length === DAYS_OF_MONTH.max
  return { days: all, rules: everyDay ? [] : inOrderOf(rules, formatMonthDayRule) }
}

function parseDaysOfWeek(field: Piece): Cron['daysOfWeek'] {
  const days = new Set<number>()
  const rules: WeekdayRule[] = []
  const kind = hasWeekdayRule(field.text) ? 'with rules' : 'plain'
  for (const element of elementsOf(DAYS_OF_WEEK, field, kind)) {
    if (hasWeekdayRule(element.text)) rules.push(parseWeekdayRule(DAYS_OF_WEEK, element))
    else for (const day of parseValues(DAYS_OF_WEEK, element)) days.add(day || 7)
  }
  const all = inOrder(days)
  const needed = rules.filter(rule => !all.includes(rule.weekday))
  return { days: all, rules: inOrderOf(needed, formatWeekdayRule) }
}

/**
 * The elements of a list. `?` stands for a whole field of days, or, an oddity of Spring, for an
 * element of a list that has `L`, `W` or `#` in it.
 */
function elementsOf(
  range: FieldRange,
  field: Piece,
  kind: 'plain' | 'with rules' = 'plain',
): Piece[] {
  const elements = splitList(field)
  for (const element of elements) {
    if (!element.text.includes('?')) continue
    if (!range.questionMark)
      throw new Refusal(element, `? is for day of month and day of week, ${range.field} takes *`)
    if (element.text !== '?' || (elements.length > 1 && kind === 'plain'))
      throw new Refusal(element, `? stands alone in ${range.field}, got '${field.text}'`)
  }
  return elements
}

function inOrder(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b)
}

function inOrderOf<Rule>(rules: Rule[], format: (rule: Rule) => string): Rule[] {
  const byText = new Map(rules.map(rule => [format(rule), rule]))
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule)
}

/** Cuts off what Java's `trim` does: every character up to the blank. */
function trim(text: string): { text: string; cut: number } {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return { text: text.slice(start, end), cut: start }
}

/** Letters of other scripts that Java's `equalsIgnoreCase` takes for i, k and s. */
function lowerCase(text: string): string {
  return text
    .replace(/[\u0130\u0131]/g, 'i')
    .replaceAll('\u212a', 'k')
    .replaceAll('\u017f', 's')
    .toLowerCase()
}
