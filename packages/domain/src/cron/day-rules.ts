import type { MonthDayRule, WeekdayRule } from './cron.ts'
import { parseInteger } from './integer.ts'
import { type Piece, Refusal, slice } from './refusal.ts'
import { type FieldRange, parseNumber, parseValue } from './values.ts'

/** Whether the day of month has one of `L`, `L-3`, `LW`, `15W` in it: capitals only. */
export function hasMonthDayRule(text: string): boolean {
  return text.includes('L') || text.includes('W')
}

/**
 * @throws {Refusal}
 */
export function parseMonthDayRule(range: FieldRange, element: Piece): MonthDayRule {
  const { text } = element
  if (text === 'L') return { kind: 'last day', before: 0 }
  if (text === 'LW') return { kind: 'last workday' }
  if (text.startsWith('L')) {
    const offset = parseInteger(text.slice(1))
    if (offset !== null && offset < 0) return { kind: 'last day', before: -offset }
  } else if (text.length > 1 && text.indexOf('W') === text.length - 1) {
    return { kind: 'nearest workday', day: parseValue(range, slice(element, 0, -1)) }
  }
  throw new Refusal(element, `day of month takes L, L-3, LW and 15W, got '${text}'`)
}

/** Whether the day of week has one of `5L`, `FRIL`, `FRI#2` in it. */
export function hasWeekdayRule(text: string): boolean {
  return /[lL#]/.test(text)
}

/**
 * @throws {Refusal}
 */
export function parseWeekdayRule(range: FieldRange, element: Piece): WeekdayRule {
  const { text } = element
  if (/^.+[lL]$/s.test(text))
    return { kind: 'last weekday', weekday: parseWeekday(range, slice(element, 0, -1)) }
  const hash = text.lastIndexOf('#')
  if (hash < 1 || /[lL]/.test(text))
    throw new Refusal(element, `day of week takes 5L and FRI#2, got '${text}'`)
  const weekday = parseWeekday(range, slice(element, 0, hash))
  const ordinal = slice(element, hash + 1)
  const nth = parseNumber(range, ordinal)
  if (nth === null || nth < 1)
    throw new Refusal(ordinal, `day of week takes a number from 1 after #, got '${text}'`)
  return { kind: 'nth weekday', weekday, nth }
}

function parseWeekday(range: FieldRange, piece: Piece): number {
  return parseValue(range, piece) || 7
}
