import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCron } from '../../test/arbitrary.ts'
import { describeCron } from './describe.ts'

/** docs/cron.md has more examples, each of which is checked too. */
const sentences = [
  ['* * * * * *', 'Every second'],
  ['*/10 * 3 * * *', 'Every 10 seconds, from 03:00 to 03:59'],
  ['5,10 * * * * *', 'At seconds 5 and 10 of every minute'],
  ['* 0 * * * *', 'Every second, in minute 0 of the hour'],
  ['0 * * * * *', 'Every minute'],
  ['0 */20 9-11,14 * * *', 'Every 20 minutes, from 09:00 to 11:59 and 14:00 to 14:59'],
  ['30 15,45 * * * *', 'At second 30, in minutes 15 and 45 of the hour'],
  ['0 0 */2 * * *', 'Every 2 hours'],
  ['0 0 */5 * * *', 'At 00:00, 05:00, 10:00, 15:00 and 20:00, every day'],
  ['0 0 6,9-17 * * *', 'At 06:00 and every hour from 09:00 to 17:00, every day'],
  ['0 0 9 L-1 * *', 'At 09:00, on the day before the last of the month'],
  [
    '0 0 9 1 * MON,5L',
    'At 09:00, on day 1 of the month, but only if it is Monday or the last Friday of the month',
  ],
  ['0 59 23 31 3-5,DEC *', 'At 23:59, on day 31 of the month, in March to May and December'],
] as const

for (const [text, words] of sentences)
  test(`${text} is told as: ${words}`, () => {
    assert.equal(describeCron(aCron(text)), words)
  })
