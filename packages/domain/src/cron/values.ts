import type { CronField } from './cron.ts'
import { parseInteger } from './integer.ts'
import { type Piece, Refusal, slice } from './refusal.ts'

/** What a field may hold. */
export interface FieldRange {
  readonly field: CronField
  /** The values of `*`. */
  readonly min: number
  readonly max: number
  /** Names of the values from 1, in upper case. */
  readonly names?: readonly string[]
  /** What else the field takes, in words. */
  readonly orElse?: string
  /** Sunday may be written 0 too, and at the start of a range 7 is 0. */
  readonly zeroIsSeven?: true
  /** `?` may stand for `*`. */
  readonly questionMark?: true
}

/**
 * Reads one element of a list without `L`, `W` and `#`: `*`, `5`, `1-5`, each perhaps with a step.
 *
 * @returns the values, ascending; 0 for a Sunday that was written so
 * @throws {Refusal}
 */
export function parseValues(range: FieldRange, element: Piece): number[] {
  const slash = element.text.indexOf('/')
  if (slash < 0) return countUp(...parseSpan(range, element), 1)
  const span = slice(element, 0, slash)
  const [from, to] = parseSpan(range, span)
  const step = parseStep(range, slice(element, slash + 1))
  // `5/15` goes on to the end of the field
  return countUp(from, span.text.includes('-') ? to : range.max, step)
}

/**
 * Reads one value, a number or a name.
 *
 * @throws {Refusal}
 */
export function parseValue(range: FieldRange, piece: Piece): number {
  const value = parseNumber(range, piece)
  const lowest = lowestOf(range)
  if (value === null) {
    const orElse = range.orElse ? ` or ${range.orElse}` : ''
    const wanted = `a number from ${lowest} to ${range.max}${orElse}`
    throw new Refusal(piece, `${range.field} must be ${wanted}, got ${quote(piece)}`)
  }
  if (value < lowest || value > range.max) {
    const wanted = `from ${lowest} to ${range.max}`
    throw new Refusal(piece, `${range.field} must be ${wanted}, got ${piece.text}`)
  }
  return value
}

/**
 * Reads a number, in which names stand for digits wherever they are, as Spring has it: `1jan` is 11.
 *
 * @returns null when the text is no number
 */
export function parseNumber({ names = [] }: FieldRange, { text }: Piece): number | null {
  if (names.length === 0 || /^\d+$/.test(text)) return parseInteger(text)
  const digits = names.reduce(
    (result, name, index) => result.replaceAll(name, String(index + 1)),
    text.toUpperCase(),
  )
  return parseInteger(digits)
}

function parseSpan(range: FieldRange, span: Piece): [number, number] {
  const { text } = span
  if (text === '*' || (text === '?' && range.questionMark)) return [range.min, range.max]
  const hyphen = text.indexOf('-')
  if (hyphen < 0) {
    const value = parseValue(range, span)
    return [value, value]
  }
  const from = parseValue(range, slice(span, 0, hyphen))
  const to = parseValue(range, slice(span, hyphen + 1))
  const start = range.zeroIsSeven && from === 7 ? 0 : from
  if (start > to) throw new Refusal(span, `a range in ${range.field} must go upwards, got ${text}`)
  return [start, to]
}

function parseStep(range: FieldRange, piece: Piece): number {
  const step = parseNumber(range, piece)
  if (step === null || step < 1) {
    throw new Refusal(
      piece,
      `a step in ${range.field} must be a number from 1, got ${quote(piece)}`,
    )
  }
  return step
}

function countUp(from: number, to: number, step: number): number[] {
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(value)
  return values
}

function lowestOf({ min, zeroIsSeven }: FieldRange): number {
  return zeroIsSeven ? 0 : min
}

function quote({ text }: Piece): string {
  return text === '' ? 'nothing' : `'${text}'`
}
