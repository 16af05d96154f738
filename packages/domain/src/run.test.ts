import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { afterAttempt, retryDelayMs } from './index.ts'

const attempts = fc.integer({ min: 1, max: 1_000 })
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const retry = { baseMs: 1_000, capMs: 3_600_000, maxAttempts: 3 }

test('a retry never waits longer than the cap, however many attempts have failed', () => {
  fc.assert(
    fc.property(attempts, fractions, (attempt, random) => {
      assert.ok(retryDelayMs(retry, attempt, random) <= retry.capMs)
    }),
  )
})

test('a retry waits at least half its ceiling, so that nothing is hammered', () => {
  fc.assert(
    fc.property(attempts, fractions, (attempt, random) => {
      const ceiling = Math.min(retry.baseMs * 2 ** (attempt - 1), retry.capMs)
      assert.ok(retryDelayMs(retry, attempt, random) >= Math.floor(ceiling / 2))
    }),
  )
})

test('attempts are counted from 1', () => {
  assert.throws(() => retryDelayMs(retry, 0, 0.5), RangeError)
  assert.throws(() => retryDelayMs(retry, Number.NaN, 0.5), RangeError)
})

test('a success ends the run', () => {
  assert.deepEqual(afterAttempt({ attempt: 1, retry }, { kind: 'succeeded' }, 0), {
    status: 'SUCCEEDED',
  })
})

test('a transient failure is tried again until the attempts are used up', () => {
  const failed = { kind: 'failed', reason: 'no route', permanent: false } as const
  assert.equal(afterAttempt({ attempt: 1, retry }, failed, 0).status, 'PENDING')
  assert.equal(afterAttempt({ attempt: 2, retry }, failed, 0).status, 'PENDING')
  assert.deepEqual(afterAttempt({ attempt: 3, retry }, failed, 0), {
    status: 'FAILED',
    reason: 'no route',
  })
})

test('a target that asks for time is left alone so long, and never less than the backoff', () => {
  const failed = { kind: 'failed', reason: 'busy', permanent: false } as const
  const delay = (retryAfterMs: number) => {
    const next = afterAttempt({ attempt: 1, retry }, { ...failed, retryAfterMs }, 0)
    return next.status === 'PENDING' ? next.delayMs : null
  }
  assert.equal(delay(90_000), 90_000)
  assert.equal(delay(0), 500)
})

test('a permanent failure is not tried again', () => {
  const failed = { kind: 'failed', reason: 'no such task', permanent: true } as const
  assert.equal(afterAttempt({ attempt: 1, retry }, failed, 0).status, 'FAILED')
})

test('a lost attempt counts, so that a job which kills its executor comes to an end', () => {
  const lost = { kind: 'lost', reason: 'executor vanished' } as const
  assert.equal(afterAttempt({ attempt: 3, retry }, lost, 0).status, 'FAILED')
})

test('an attempt that was handed back is due at once and does not count', () => {
  assert.deepEqual(afterAttempt({ attempt: 3, retry }, { kind: 'handed back' }, 0), {
    status: 'PENDING',
    delayMs: 0,
    counts: false,
  })
})

test('a wait grows as its kind says, and jitter is the part of it that is left to chance', () => {
  const waits = (kind: 'exponential' | 'linear' | 'fixed', jitter: number, random: number) =>
    [1, 2, 3, 4].map(n => retryDelayMs({ kind, baseMs: 100, capMs: 500, jitter }, n, random))
  assert.deepEqual(waits('exponential', 0, 0), [100, 200, 400, 500])
  assert.deepEqual(waits('linear', 0, 0), [100, 200, 300, 400])
  assert.deepEqual(waits('fixed', 0, 0.9), [100, 100, 100, 100])
  assert.deepEqual(waits('fixed', 1, 0.25), [25, 25, 25, 25])
})

test('a lost attempt of a job that is held then waits for a person, even if it was the last', () => {
  const lost = { kind: 'lost', reason: 'vanished' } as const
  for (const attempt of [1, 3]) {
    const next = afterAttempt({ attempt, retry, onLost: 'hold' }, lost, 0)
    assert.deepEqual(next, { status: 'PENDING', delayMs: 0, counts: true, hold: 'UNKNOWN' })
  }
})

test('an attempt that was cancelled is not tried again', () => {
  assert.deepEqual(afterAttempt({ attempt: 1, retry }, { kind: 'cancelled' }, 0), {
    status: 'CANCELLED',
  })
})
