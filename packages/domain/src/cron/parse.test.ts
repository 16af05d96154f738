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
