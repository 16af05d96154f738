import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyCronText } from '../../test/arbitrary.ts'
import { formatCron } from './format.ts'
import { parseCron } from './parse.ts'

test('the normalised form of an expression reads as the same expression', () => {
  fc.assert(
    fc.property(anyCronText, text => {
      const cron = parsed(text)
      assert.deepEqual(parsed(formatCron(cron)), cron)
    }),
  )
})

test('any text is either read or refused with a place inside it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), cronLike), text => {
      const result = parseCron(text)
      if (result.ok) return
      const { text: wrong, position } = result.error
      assert.equal(text.slice(position, position + wrong.length), wrong)
    }),
  )
})

test('expressions that mean the same are the same when read', () => {
  const pairs = [
    ['0 0 12 * * SUN-TUE', '0 0 12 ? * mon,TUE,7'],
    ['*/15 0-59 */1 1-31 JAN-DEC 0-7', '0,15,30,45 * * * * *'],
    ['0 0 0 ?,L * *', '@daily'],
    ['0 0 0 * * MON,MON#2', '0 0 0 * * 1'],
    ['  0\t 0 0 LW,L,15W * 5L  ', '0 0 0 15W,L,LW,L * friL'],
  ] as const
  for (const [one, other] of pairs) assert.deepEqual(parsed(one), parsed(other), one)
})

test('a megabyte of repetitions is read without running out of memory', () => {
  const long = `0 ${'*,'.repeat(500_000)}* * * * *`
  assert.deepEqual(parsed(long), parsed('0 * * * * *'))
})

/** Six fields of the letters that cron knows: most are refused, for all kinds of reasons. */
const cronLike = fc
  .array(fc.string({ unit: fc.constantFrom(...'0123457*?,-/LW#MON+@'), maxLength: 6 }), {
    minLength: 6,
    maxLength: 6,
  })
  .map(fields => fields.join(' '))

function parsed(text: string) {
  const result = parseCron(text)
  assert.ok(result.ok, text)
  return result.cron
}
