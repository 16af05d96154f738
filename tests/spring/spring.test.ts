import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  answerOf,
  comparedZones,
  compareWithSpring,
  describeDifference,
  shareZones,
} from './comparison.ts'
import { type Answer, type Judge, startJudge } from './judge.ts'

const CASES = 6_000

describe('the planner and Spring', () => {
  let judge: Judge

  before(async () => {
    judge = await startJudge()
  })
  after(async () => {
    await judge?.[Symbol.asyncDispose]()
  })

  test('agree on random expressions, zones and instants', async t => {
    const seed = Date.now() % 2 ** 31
    const { shared, disputed } = await shareZones(judge, comparedZones)
    t.diagnostic(`seed ${seed}; zones that the two tzdata tell differently: ${disputed.join()}`)
    assert.ok(shared.length >= 12, `only ${shared.length} zones left to compare`)
    const { differences } = await compareWithSpring(judge, shared, { cases: CASES, seed })
    const repeat = `node tests/spring/compare.ts --cases ${CASES} --seed ${seed}`
    assert.deepEqual(differences.map(describeDifference), [], `repeat with: ${repeat}`)
  })

  test('read and refuse the same odd spellings', async () => {
    const spellings = [
      ...['7-3', 'SUN-TUE', 'SAT-SUN', '5-2', '7-7', '0-7', 'MON#6', '*/5', '0/2', '7/2'],
      ...[
        '+1',
        '1-+3',
        '0--0',
        '-0',
        '00001',
        '1MON',
        '٣',
        '１-5',
        '0L',
        '7L',
        '5l',
        'L',
        '#1',
        '1#',
      ],
      ...['?', '?,5L', '?,5', '?/2', 'Sun#5,3#4', 'MON,', ',MON', '*-3', '1/0', '1/9999999999'],
    ].map(weekday => `0 0 0 * * ${weekday}`)
    const days = [
      '5,L-16',
      'l',
      'lw',
      'LW',
      'WL',
      'L3',
      'L-0',
      'L+3',
      'L-1',
      '0W',
      '32W',
      '+5W',
      '15w',
    ]
    const whole = ['@DAILY', ' @daily ', '@mıdnight', '@mid', '\t0 0 0 * * * ', '0\t0 0 * * *', '']
    whole.push(
      '0 \t 0 0 * * *',
      '0 0 0 * 1JAN *',
      '0 0 0 * JANFEB *',
      '0 0 0 * JAN5 *',
      '0 0 0 * *',
    )
    const expressions = [...spellings, ...days.map(day => `0 0 0 ${day} * *`), ...whole]
    const asked = expressions.map(expression => aCase(expression, '2026-01-10T12:00:00Z'))
    const verdicts = await judge.next(asked)
    for (const [index, question] of asked.entries())
      assert.equal(answerOf(question), verdicts[index]!.spring, JSON.stringify(question.expression))
  })

  describe('differ on purpose:', () => {
    test('L-28 is no day of a February of 28 days, where Spring never comes past January', async () => {
      await differ({
        expression: '0 0 0 L-28 * *',
        after: '2026-01-31T00:00:00Z',
        cronos: '2026-03-03T00:00:00Z',
        spring: '2026-01-31T00:00:00Z',
      })
    })

    test('L-31 and further back never fire, where Spring fires in the month before', async () => {
      await differ({
        expression: '0 0 0 L-36 3 *',
        after: '2026-01-01T00:00:00Z',
        cronos: 'never',
        spring: '2026-03-25T00:00:00Z',
      })
    })

    test('31W on a Sunday is the Friday before, where Spring passes the month over', async () => {
      await differ({
        expression: '0 0 0 31W * *',
        after: '2027-01-15T00:00:00Z',
        cronos: '2027-01-29T00:00:00Z',
        spring: '2027-03-31T00:00:00Z',
      })
    })

    test('31W does nothing in a shorter month, even when asked on its last Friday', async () => {
      await differ({
        expression: '0 * * 31W * *',
        after: '2021-04-30T00:16:00Z',
        cronos: '2021-05-31T00:00:00Z',
        spring: '2021-04-30T00:17:00Z',
      })
    })

    test('1W on a Saturday is Monday the 3rd, also when asked on Sunday the 2nd', async () => {
      await differ({
        expression: '0 0 0 1W * *',
        after: '2026-08-02T12:00:00Z',
        cronos: '2026-08-03T00:00:00Z',
        spring: '2026-09-01T00:00:00Z',
      })
    })

    test('the 262nd Monday of a month never comes, where Spring finds one in ten years', async () => {
      await differ({
        expression: '0 0 0 * * MON#262',
        after: '2026-01-15T00:00:00Z',
        cronos: 'never',
        spring: '2036-01-07T00:00:00Z',
      })
    })

    test('a step past the end of the field is one value, where Spring overflows', async () => {
      await differ({
        expression: '5/2147483647 0 0 * * *',
        after: '2026-01-01T00:00:00Z',
        cronos: '2026-01-01T00:00:05Z',
        spring: '2026-01-01T00:00:01Z',
      })
    })

    test('a fire before a gap of half an hour is not lost', async () => {
      await differ({
        expression: '0 0 23 * * *',
        zone: 'Asia/Pyongyang',
        after: '2018-05-04T08:06:00Z',
        cronos: '2018-05-04T14:30:00Z',
        spring: '2018-05-05T14:00:00Z',
      })
    })

    test('a midnight that comes twice fires twice', async () => {
      await differ({
        expression: '0 0 * * * SUN',
        zone: 'America/Havana',
        after: '2020-10-31T13:00:00Z',
        cronos: '2020-11-01T04:00:00Z',
        spring: '2020-11-01T05:00:00Z',
      })
    })

    test('the hours of a day whose midnight is skipped still fire', async () => {
      await differ({
        expression: '0 30 */6 * * *',
        zone: 'America/Sao_Paulo',
        after: '2007-10-14T01:48:00Z',
        cronos: '2007-10-14T08:30:00Z',
        spring: '2007-10-15T02:30:00Z',
      })
    })
  })

  /** Both answers are fixed: a Spring that changes its mind shows up here too. */
  async function differ(expected: {
    expression: string
    zone?: string
    after: string
    cronos: string
    spring: string
  }): Promise<void> {
    const question = aCase(expected.expression, expected.after, expected.zone)
    const [verdict] = await judge.next([question])
    const said = { cronos: show(answerOf(question)), spring: show(verdict!.spring) }
    assert.deepEqual(said, { cronos: expected.cronos, spring: expected.spring })
  }
})

function aCase(expression: string, after: string, zone = 'UTC') {
  return { expression, zone, after: Date.parse(after) }
}

function show(answer: Answer): string {
  return typeof answer === 'number' ? new Date(answer).toISOString().replace('.000Z', 'Z') : answer
}
