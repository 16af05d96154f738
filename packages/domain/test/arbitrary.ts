import fc from 'fast-check'
import {
  type Cron,
  type DstPolicy,
  type Instant,
  instant,
  loadZone,
  parseCron,
  type Zone,
} from '../src/index.ts'

/** Zones of many kinds: none, whole and half hours of summer time, both hemispheres, a lost day. */
export const zoneIds = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
] as const

export const anyZone: fc.Arbitrary<Zone> = fc.constantFrom(...zoneIds).map(aZone)

/** From 1970 to 2100. */
export const anyInstant: fc.Arbitrary<Instant> = fc
  .integer({ min: 0, max: Date.UTC(2100, 0, 1) })
  .map(instant)

export const anyDst: fc.Arbitrary<DstPolicy> = fc.record({
  gap: fc.constantFrom('skip', 'shift'),
  overlap: fc.constantFrom('both', 'first', 'second'),
})

/** Expressions of every form that the grammar has, all of them valid. */
export const anyCronText: fc.Arbitrary<string> = fc
  .tuple(
    anyField(0, 59),
    anyField(0, 59),
    anyField(0, 23),
    anyField(1, 31, anyMonthDayRule()),
    anyField(1, 12, fc.constantFrom('JAN', 'Feb', 'mar-MAY', 'DEC', 'APR/3')),
    anyField(0, 7, anyWeekdayRule()),
  )
  .map(fields => fields.join(' '))

export const anyCron: fc.Arbitrary<Cron> = anyCronText.map(aCron)

function anyField(min: number, max: number, special?: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const value = fc.integer({ min, max })
  const step = fc.integer({ min: 1, max: max + 3 })
  const range = fc.tuple(value, value).map(ends => [...ends].sort((a, b) => a - b).join('-'))
  const element = fc.oneof(
    value.map(String),
    range,
    fc.tuple(fc.oneof(fc.constant('*'), value.map(String), range), step).map(e => e.join('/')),
    ...(special ? [special] : []),
  )
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant('*') },
    { weight: 4, arbitrary: element },
    {
      weight: 2,
      arbitrary: fc.array(element, { minLength: 1, maxLength: 4 }).map(e => e.join(',')),
    },
  )
}

function anyMonthDayRule(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom('L', 'LW'),
    fc.integer({ min: 1, max: 33 }).map(before => `L-${before}`),
    fc.integer({ min: 1, max: 31 }).map(day => `${day}W`),
  )
}

function anyWeekdayRule(): fc.Arbitrary<string> {
  const weekday = fc.constantFrom('0', '3', '7', 'MON', 'fri', 'Sun')
  return fc.oneof(
    weekday,
    fc.constantFrom('MON-FRI', 'SUN-TUE', 'SAT-SUN', '7-3'),
    weekday.map(day => `${day}L`),
    fc.tuple(weekday, fc.integer({ min: 1, max: 6 })).map(parts => parts.join('#')),
  )
}

/** @throws when the text is no cron expression */
export function aCron(text: string): Cron {
  const parsed = parseCron(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
  return parsed.cron
}

/** @throws when the platform knows no such zone */
export function aZone(id: string): Zone {
  const zone = loadZone(id)
  if (!zone) throw new Error(`no zone ${id}`)
  return zone
}

/** @param text such as `2026-01-01T00:00Z` */
export function anInstant(text: string): Instant {
  return instant(Date.parse(text))
}
