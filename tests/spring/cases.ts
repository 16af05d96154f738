import type { Case } from './judge.ts'
import type { Random } from './random.ts'

/** A zone and the instants at which its clock is changed. */
export interface ZoneChanges {
  readonly id: string
  readonly changes: readonly number[]
}

const FROM = Date.UTC(1970, 0, 1)
const TO = Date.UTC(2101, 0, 1)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MACROS = ['@yearly', '@Annually', '@monthly', '@weekly', '@DAILY', '@midnight', '@hourly']
const MONTHS = ['JAN', 'feb', 'Mar', 'APR', 'MAY', 'jun', 'JUL', 'AUG', 'Sep', 'OCT', 'nov', 'DEC']
const WEEKDAYS = ['MON', 'tue', 'Wed', 'THU', 'fri', 'SAT', 'Sun']

/** A random question: any expression, valid or not quite, in a zone, at an instant of 1970 to 2100. */
export function randomCase(random: Random, zones: readonly ZoneChanges[]): Case {
  const zone = random.pick(zones)
  return { expression: randomExpression(random), zone: zone.id, after: randomInstant(random, zone) }
}

/** Where things go wrong: near a change of the clock, at the end of a month; else anywhere. */
function randomInstant(random: Random, { changes }: ZoneChanges): number {
  const anywhere = random.from(FROM, TO - 1)
  if (changes.length > 0 && random.chance(0.4))
    return random.pick(changes) + random.from(-30 * HOUR_MS, 6 * HOUR_MS)
  const day = new Date(anywhere)
  const near = random.from(-2 * DAY_MS, 2 * DAY_MS)
  if (random.chance(0.3)) return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) + near
  return random.chance(0.5) ? anywhere : Math.floor(anywhere / HOUR_MS) * HOUR_MS
}

function randomExpression(random: Random): string {
  if (random.chance(0.01)) return random.pick(MACROS)
  const fields = [
    field(random, 0, 59, 0.3),
    field(random, 0, 59, 0.3),
    field(random, 0, 23, 0.35),
    field(random, 1, 31, 0.5, monthDayRule),
    field(random, 1, 12, 0.6, r => r.pick(MONTHS)),
    field(random, 0, 7, 0.6, weekdayRule),
  ]
  const expression = fields.join(random.chance(0.02) ? random.pick(['  ', ' \t ', '\t']) : ' ')
  return random.chance(0.06) ? spoil(random, expression) : expression
}

type Special = (random: Random) => string

function field(random: Random, min: number, max: number, star: number, special?: Special): string {
  if (random.chance(star)) return special && random.chance(0.2) ? '?' : '*'
  const elements: string[] = []
  do elements.push(element(random, min, max, special))
  while (random.chance(0.3))
  return elements.join(',')
}

function element(random: Random, min: number, max: number, special?: Special): string {
  if (special && random.chance(0.4)) return special(random)
  const value = random.from(min, max)
  const end = random.chance(0.95) ? random.from(value, max) : random.from(min, max)
  const span = random.pick(['*', `${value}`, `${value}`, `${value}-${end}`, `${value}-${end}`])
  return random.chance(0.3) ? `${span}/${random.from(1, random.pick([3, 10, max + 5]))}` : span
}

function monthDayRule(random: Random): string {
  const before = random.chance(0.8) ? random.from(1, 27) : random.from(28, 40)
  return random.pick(['L', 'LW', `L-${before}`, `${random.from(1, 31)}W`, `${random.from(1, 31)}W`])
}

function weekdayRule(random: Random): string {
  const day = () => (random.chance(0.5) ? random.pick(WEEKDAYS) : `${random.from(0, 7)}`)
  const nth = random.chance(0.9) ? random.from(1, 5) : random.from(6, 9)
  return random.pick([day(), `${day()}-${day()}`, `${day()}L`, `${day()}#${nth}`])
}

/** Changes, drops or doubles a character: both sides should refuse the same texts. */
function spoil(random: Random, text: string): string {
  const at = random.from(0, text.length - 1)
  const other = random.pick([...'0123456789*?/-,#LW+@ \t', 'l', 'w', 'SUN', 'JAN', '', '٣', '１'])
  return text.slice(0, at) + other + text.slice(at + random.from(0, 1))
}
