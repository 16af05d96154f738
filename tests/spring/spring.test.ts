import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  answerOf,
  comparedZones,
  compareWithSpring,
  describeDifference,
  shareZones,
} from './comparison.ts'
import { tableUnder } from './cron-md.ts'
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

  test('agree on each example of docs/cron.md', async () => {
    const examples = tableUnder('Examples').map(([expression]) =>
      aCase(expression!, '2026-01-01T00:00:00Z'),
    )
    const verdicts = await judge.next(examples)
    for (const [index, question] of examples.entries())
      assert.equal(answerOf(question), verdicts[index]!.spring, question.expression)
  })

  describe('differ on purpose:', () => {
    // Both answers are fixed: a Spring that changes its mind shows up here too.
    for (const row of tableUnder('Where Cronos departs from Spring')) {
      const [why, expression, zone, after, cronos, spring] = row as Departures
      test(`${expression}: ${why}`, async () => {
        const question = aCase(expression, after, zone)
        const [verdict] = await judge.next([question])
        const said = { cronos: show(answerOf(question)), spring: show(verdict!.spring) }
        assert.deepEqual(said, { cronos, spring })
      })
    }
  })
})

type Departures = [string, string, string, string, string, string]

function aCase(expression: string, after: string, zone = 'UTC') {
  return { expression, zone, after: Date.parse(after) }
}

function show(answer: Answer): string {
  return typeof answer === 'number' ? new Date(answer).toISOString().replace('.000Z', 'Z') : answer
}
