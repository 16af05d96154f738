import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cron as Croner } from 'croner'
import fc from 'fast-check'
import { aCron, aZone } from '../../test/arbitrary.ts'
import { instant } from '../instant.ts'
import { nextFire } from './next-fire.ts'

/**
 * Another library's opinion, on expressions that it reads as Spring does: no `L`, `W` and `#`, steps
 * on `*` and ranges only and none in the day of week; in zones whose clock is not changed.
 */
test('croner finds the same next fire for plain expressions', () => {
  const anyText = fc
    .tuple(plain(0, 59), plain(0, 59), plain(0, 23), plain(1, 28), plain(1, 12), weekdays)
    .map(fields => fields.join(' '))
  const anyId = fc.constantFrom('UTC', 'Asia/Tokyo', 'Asia/Kathmandu')
  const anyAfter = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2080, 0, 1) })
  fc.assert(
    fc.property(anyText, anyId, anyAfter, (text, id, after) => {
      const croner = new Croner(text, { timezone: id, domAndDow: true, paused: true })
      const theirs = croner.nextRun(new Date(after))?.getTime() ?? null
      assert.equal(nextFire(aCron(text), aZone(id), instant(after)), theirs)
    }),
    { numRuns: 300 },
  )
})

const weekdays = fc.constantFrom('*', '*', '?', 'MON', '0', '7', 'TUE-FRI', '1,3,5', 'SAT,SUN')

function plain(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max })
  const range = fc.tuple(value, value).map(ends => [...ends].sort((a, b) => a - b).join('-'))
  const step = fc.integer({ min: 1, max: max - min })
  return fc.oneof(
    fc.constant('*'),
    value.map(String),
    range,
    step.map(size => `*/${size}`),
    fc.tuple(range, step).map(parts => parts.join('/')),
    fc.array(value, { minLength: 2, maxLength: 4 }).map(values => values.join(',')),
  )
}
