import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Cron,
  type DstPolicy,
  describeCron,
  fireTimes,
  type Instant,
  instant,
  loadZone,
  nextFire,
  parseCron,
} from '../../packages/domain/src/index.ts'
import { tableUnder } from './cron-md.ts'

const DAY_MS = 86_400_000

describe('docs/cron.md says of', () => {
  for (const [expression, words, fires] of tableUnder('Examples'))
    test(`${expression}: ${words}`, () => {
      const cron = aCron(expression!)
      assert.equal(describeCron(cron), words)
      assert.equal(firstFires(cron, 2), fires)
    })

  for (const [expression, field, text, position, message] of tableUnder('What is refused'))
    test(`${expression}, which is refused: ${message}`, () => {
      const parsed = parseCron(expression!)
      assert.ok(!parsed.ok)
      const { error } = parsed
      assert.deepEqual(
        [error.field ?? 'all', error.text || 'nothing', String(error.position), error.message],
        [field, text, position, message],
      )
    })

  for (const row of tableUnder('Changes of the clock')) {
    const [expression, zone, day, gap, overlap, fires] = row as [
      string,
      string,
      string,
      ...string[],
    ]
    test(`${expression} on ${day} in ${zone}, gap ${gap}, overlap ${overlap}: ${fires}`, () => {
      const dst = { gap, overlap } as DstPolicy
      assert.equal(firesOfDay(aCron(expression), zone, day, dst), fires)
    })
  }
})

function firstFires(cron: Cron, count: number): string {
  const fires: string[] = []
  let at: Instant | null = instant(Date.UTC(2026, 0, 1))
  while (fires.length < count) {
    at = nextFire(cron, loadZone('UTC')!, at)
    if (at === null) return 'never'
    fires.push(new Date(at).toISOString().replace('.000Z', 'Z'))
  }
  return fires.join(' ')
}

/** The fires that the clocks of the zone show on a date, with their offset; `none` without any. */
function firesOfDay(cron: Cron, id: string, day: string, dst: DstPolicy): string {
  const zone = loadZone(id)!
  const noon = Date.parse(`${day}T12:00:00Z`)
  const fires = fireTimes(cron, zone, instant(noon - 2 * DAY_MS), instant(noon + 2 * DAY_MS), dst)
  const shown: string[] = []
  for (const at of fires) {
    const { offset } = zone.segmentAt(at)
    const [date, time] = new Date(at + offset).toISOString().slice(0, 19).split('T')
    const size = new Date(Math.abs(offset)).toISOString().slice(11, 16)
    if (date === day) shown.push(`${time}${offset < 0 ? '-' : '+'}${size}`)
  }
  return shown.join(' ') || 'none'
}

function aCron(expression: string): Cron {
  const parsed = parseCron(expression)
  assert.ok(parsed.ok, expression)
  return parsed.cron
}
