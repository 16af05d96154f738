import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCron, anInstant, aZone } from '../../test/arbitrary.ts'
import type { DstPolicy } from './cron.ts'
import { previewCron } from './preview.ts'

test('a preview shows a fire in the job’s zone and as an instant', () => {
  const { fires } = preview('0 0 9 * * *', 'Asia/Kathmandu', '2026-01-01T00:00Z')
  assert.deepEqual(fires.slice(0, 1), [
    { at: anInstant('2026-01-01T03:15Z'), local: '2026-01-01T09:00:00+05:45' },
  ])
})

test('a time that the clock skips is shown where it would have been, as dropped', () => {
  const { fires } = preview('0 30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z')
  assert.deepEqual(marks(fires), [
    '2026-03-29T02:30:00 dropped',
    '2026-03-30T02:30:00+02:00',
    '2026-03-31T02:30:00+02:00',
    '2026-04-01T02:30:00+02:00',
  ])
})

test('a time that is shifted out of a gap is shown as moved', () => {
  const shift: DstPolicy = { gap: 'shift', overlap: 'both' }
  const { fires } = preview('0 30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', shift)
  assert.deepEqual(marks(fires).slice(0, 2), [
    '2026-03-29T03:30:00+02:00 moved',
    '2026-03-30T02:30:00+02:00',
  ])
})

test('a time that fires twice is shown as doubled both times', () => {
  const { fires } = preview('0 30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z')
  assert.deepEqual(marks(fires), [
    '2026-10-25T02:30:00+02:00 doubled',
    '2026-10-25T02:30:00+01:00 doubled',
    '2026-10-26T02:30:00+01:00',
  ])
})

test('a time that fires once of two is not marked', () => {
  const first: DstPolicy = { gap: 'skip', overlap: 'first' }
  const { fires } = preview('0 30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', first)
  assert.deepEqual(marks(fires).slice(0, 1), ['2026-10-25T02:30:00+02:00'])
})

test('a gap full of dropped seconds does not flood a preview', () => {
  const { fires } = preview('* * 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z')
  assert.equal(fires.filter(({ at }) => at === null).length, 3)
  assert.equal(fires.filter(({ at }) => at !== null).length, 3)
})

test('a preview ends with the year 9999', () => {
  const { fires } = preview('0 0 12 * * *', 'UTC', '9999-12-30T00:00Z')
  assert.deepEqual(marks(fires), ['9999-12-30T12:00:00Z', '9999-12-31T12:00:00Z'])
})

test('a warning says what its author may not have meant', () => {
  const warned = [
    ['0 0 0 30 2 *', ['NEVER_FIRES']],
    ['* 0 9 * * *', ['EVERY_SECOND']],
    ['0 0 9 31 * *', ['SHORT_MONTHS']],
    ['0 0 9 30W * *', ['SHORT_MONTHS']],
    ['0 0 9 13 * FRI', ['BOTH_DAYS']],
    ['0 */7 * * * *', ['UNEVEN_STEP']],
    ['0 0 */5 * * *', ['UNEVEN_STEP']],
    ['0 */15 9 L * *', []],
    ['0 0 9 1,31 * MON-SUN', []],
  ] as const
  for (const [text, codes] of warned) {
    const { warnings } = preview(text, 'UTC', '2026-01-01T00:00Z')
    assert.deepEqual(
      warnings.map(({ code }) => code),
      codes,
      text,
    )
  }
})

test('a warning tells the next times that a change of the clock skips and doubles', () => {
  const { warnings } = preview('0 30 2 * * *', 'Europe/Berlin', '2026-01-01T00:00Z')
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [
      '2026-03-29 at 02:30:00 is skipped and does not fire, because the clock changes',
      '2026-10-25 at 02:30:00 comes twice and fires twice, because the clock changes',
    ],
  )
})

test('a job of every hour is not warned of changes of the clock', () => {
  assert.deepEqual(preview('0 30 * * * *', 'Europe/Berlin', '2026-01-01T00:00Z').warnings, [])
})

function preview(text: string, zone: string, after: string, dst?: DstPolicy) {
  return previewCron(aCron(text), aZone(zone), anInstant(after), 3, dst)
}

function marks(fires: ReturnType<typeof preview>['fires']): string[] {
  return fires.map(({ local, dst }) => (dst ? `${local} ${dst}` : local))
}
