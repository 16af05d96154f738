import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant } from '@cronos/domain'
import { PermanentError } from '../task.ts'
import { type PeriodFields, periodOf } from './period.ts'

const fireTime = instant(Date.UTC(2026, 10, 23, 20, 44))

function written(fields: PeriodFields): string {
  const { from, to } = periodOf(fields, fireTime)
  const cut = (ms: number) => new Date(ms).toISOString().slice(0, 16)
  return `${cut(from)} ${cut(to)}`
}

test('without fields the period is the 24 hours before the fire time', () => {
  assert.equal(written({}), '2026-11-22T20:44 2026-11-23T20:44')
  assert.equal(written({ from: null, to: null, period: null }), written({}))
})

test('a length ends at the fire time, or where the payload says', () => {
  assert.equal(written({ period: '7d' }), '2026-11-16T20:44 2026-11-23T20:44')
  assert.equal(
    written({ period: '1h', to: '2026-11-01T00:00:00Z' }),
    '2026-10-31T23:00 2026-11-01T00:00',
  )
})

test('two instants are a period, an offset is turned into UTC', () => {
  assert.equal(
    written({ from: '2026-11-01T00:00:00+01:00', to: '2026-11-02T00:00:00Z' }),
    '2026-10-31T23:00 2026-11-02T00:00',
  )
  assert.equal(written({ from: '2026-11-23T00:00:00Z' }), '2026-11-23T00:00 2026-11-23T20:44')
})

test('a period that cannot be is refused for good, by its field', () => {
  const wrong: [PeriodFields, string][] = [
    [{ from: 'yesterday' }, 'from must be an instant'],
    [{ to: '2026-11-23' }, 'to must be an instant'],
    [{ period: 'a week' }, 'period must be a duration'],
    [{ period: '0d' }, 'period must be a duration'],
    [{ period: '9999d' }, 'period must be a duration'],
    [{ from: '2026-11-01T00:00:00Z', period: '1d' }, 'from must be absent'],
    [{ from: '2026-11-24T00:00:00Z' }, "from must be before the run's fire time"],
    [
      { from: '2026-11-02T00:00:00Z', to: '2026-11-01T00:00:00Z' },
      'from must be before payload.to',
    ],
    [{ from: '2020-11-01T00:00:00Z' }, 'from must be at most 366 days'],
  ]
  for (const [fields, message] of wrong)
    assert.throws(
      () => periodOf(fields, fireTime),
      error => error instanceof PermanentError && error.message.startsWith(`payload.${message}`),
      message,
    )
})
