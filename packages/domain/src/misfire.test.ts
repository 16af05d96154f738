import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type DueFire,
  type FireDecision,
  type FirePolicies,
  fireTimesOf,
  type Instant,
  instant,
  judgeFire,
  judgeWaitingFire,
  misfirePolicies,
  overlapPolicies,
  type Recurrence,
} from './index.ts'

const MINUTE_MS = 60_000
const start = instant(Date.UTC(2026, 10, 23, 12))

const every = (everyMs: number, endAt: Instant | null = null): Recurrence => ({
  ...{ kind: 'every', everyMs, anchorAt: start, startAt: null, endAt },
})

const at = (minutes: number) => instant(start + minutes * MINUTE_MS)

function aFire(given: Partial<DueFire> = {}): DueFire {
  return {
    scheduledAt: start,
    reason: 'FIRE',
    expiresAt: null,
    now: start,
    underWay: false,
    ...given,
  }
}

function policies(given: Partial<FirePolicies> = {}): FirePolicies {
  return {
    ...{ recurrence: every(MINUTE_MS), misfire: 'run_once', overlap: 'skip', catchUpLimit: 100 },
    ...{ expireAfterMs: null, offsetMs: 0, misfireAfterMs: 60_000 },
    ...given,
  }
}

test('a fire that is served in time runs, and the next one is on the grid', () => {
  assert.deepEqual(judgeFire(aFire({ now: instant(start + 5) }), policies()), {
    ...{ kind: 'dispatch', isCatchUp: false, isPlanned: true, skipped: null },
    next: { at: at(1), reason: 'FIRE' },
  })
})

test('run_once: one run stands for all fire times that were missed', () => {
  const decision = judgeFire(aFire({ now: instant(at(10) + 1) }), policies())
  assert.equal(decision.kind, 'dispatch')
  assert.deepEqual(decision.skipped, {
    ...{ from: at(1), to: at(10), count: 10, policy: 'MISFIRE', intoRun: true },
  })
  assert.deepEqual(decision.next, { at: at(11), reason: 'FIRE' })
})

test('skip: what was missed is not run, and the next fire is the next on the grid', () => {
  const hourly = policies({ recurrence: every(60 * MINUTE_MS), misfire: 'skip' })
  const decision = judgeFire(aFire({ now: at(90) }), hourly)
  assert.equal(decision.kind, 'settle')
  assert.deepEqual(decision.skipped, {
    ...{ from: at(0), to: at(60), count: 2, policy: 'MISFIRE', intoRun: false },
  })
  assert.deepEqual(decision.next, { at: at(120), reason: 'FIRE' })
})

test('skip: the latest fire time runs while it is fresh, so that a slow moment skips no fast job for ever', () => {
  const decision = judgeFire(aFire({ now: instant(at(3) + 500) }), policies({ misfire: 'skip' }))
  assert.equal(decision.kind, 'settle')
  assert.equal(decision.skipped?.count, 3)
  assert.equal(decision.skipped?.to, at(2))
  assert.deepEqual(decision.next, { at: at(3), reason: 'FIRE' })
})

test('catch_up: missed fires run one after the other, and those beyond the limit are skipped', () => {
  const options = policies({ misfire: 'catch_up', catchUpLimit: 3 })
  const first = judgeFire(aFire({ now: at(9) }), options)
  assert.equal(first.kind, 'settle')
  assert.deepEqual([first.skipped?.to, first.skipped?.count], [at(6), 7])
  assert.deepEqual(first.next, { at: at(7), reason: 'CATCH_UP' })
  const fire = aFire({ scheduledAt: at(7), reason: 'CATCH_UP', now: at(9) })
  const waiting = judgeFire({ ...fire, underWay: true }, options)
  assert.deepEqual([waiting.kind, waiting.isPlanned, waiting.next], ['queue', false, null])
  const second = judgeFire(fire, options)
  assert.equal(second.kind, 'dispatch')
  assert.deepEqual(second.next, { at: at(8), reason: 'CATCH_UP' })
})

test('overlap skip: a fire that comes while another run goes on is on record as skipped', () => {
  const decision = judgeFire(aFire({ underWay: true }), policies())
  assert.equal(decision.kind, 'settle')
  assert.equal(decision.skipped?.policy, 'OVERLAP')
  assert.deepEqual(decision.next, { at: at(1), reason: 'FIRE' })
})

test('overlap queue: it waits, and the fire after it is planned all the same', () => {
  const decision = judgeFire(aFire({ underWay: true }), policies({ overlap: 'queue' }))
  assert.equal(decision.kind, 'queue')
  assert.deepEqual(decision.next, { at: at(1), reason: 'FIRE' })
  const fire = aFire({ underWay: true })
  assert.equal(judgeWaitingFire(fire, 'queue').kind, 'queue')
  assert.equal(judgeWaitingFire({ ...fire, underWay: false }, 'queue').kind, 'dispatch')
  assert.equal(judgeWaitingFire(fire, 'allow').kind, 'dispatch')
})

test('overlap allow: it runs beside the other one', () => {
  const decision = judgeFire(aFire({ underWay: true }), policies({ overlap: 'allow' }))
  assert.equal(decision.kind, 'dispatch')
})

test('a fire that has expired is settled with all that expired before now, and a younger one is judged in turn', () => {
  const options = policies({ expireAfterMs: 5 * MINUTE_MS })
  const decision = judgeFire(aFire({ now: at(8), expiresAt: at(5) }), options)
  assert.equal(decision.kind, 'settle')
  assert.deepEqual(decision.skipped, {
    ...{ from: at(0), to: at(3), count: 4, policy: 'EXPIRED', intoRun: false },
  })
  assert.deepEqual(decision.next, { at: at(4), reason: 'FIRE' })
})

test('after the last fire of its window a job has no next one', () => {
  const recurrence = every(MINUTE_MS, at(2))
  assert.deepEqual(judgeFire(aFire(), policies({ recurrence })).next, { at: at(1), reason: 'FIRE' })
  const last = aFire({ scheduledAt: at(1), now: at(1) })
  assert.equal(judgeFire(last, policies({ recurrence })).next, null)
})

const anyPolicies = fc.record({
  misfire: fc.constantFrom(...misfirePolicies),
  overlap: fc.constantFrom(...overlapPolicies),
  catchUpLimit: fc.integer({ min: 1, max: 20 }),
  expireAfterMs: fc.option(fc.integer({ min: 1, max: 3_600_000 })),
  offsetMs: fc.integer({ min: 0, max: 90_000 }),
  misfireAfterMs: fc.integer({ min: 0, max: 600_000 }),
  recurrence: fc
    .record({
      everyMs: fc.integer({ min: 1_000, max: 900_000 }),
      endMs: fc.option(fc.integer({ min: 1_000, max: 7_200_000 })),
    })
    .map(({ everyMs, endMs }) => every(everyMs, endMs === null ? null : instant(start + endMs))),
})

test('whatever the policies, each fire time that has passed is settled exactly once', () => {
  const waits = fc.array(fc.tuple(fc.nat(1_200_000), fc.boolean()), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(anyPolicies, waits, (policies, waits) => {
      const settled = new Map<Instant, number>()
      const settle = (fire: Instant) => settled.set(fire, (settled.get(fire) ?? 0) + 1)
      let next: FireDecision['next'] = { at: start, reason: 'FIRE' }
      let now = start
      for (const [waitMs, underWay] of [...waits, [0, false] as const]) {
        now = instant(now + waitMs)
        while (next !== null && next.at + policies.offsetMs <= now) {
          const { at: scheduledAt, reason } = next
          const { expireAfterMs, offsetMs } = policies
          const expiresAt =
            expireAfterMs === null ? null : instant(scheduledAt + offsetMs + expireAfterMs)
          const fire = { scheduledAt, reason, expiresAt, now, underWay }
          const decision = judgeFire(fire, policies)
          if (!decision.isPlanned) break // taken again when the run under way has ended
          if (decision.kind !== 'settle') settle(scheduledAt)
          if (decision.skipped !== null) {
            const { from, to, count } = decision.skipped
            const span = [...fireTimesOf(policies.recurrence, from, instant(to + 1))]
            assert.equal(span.length, count)
            assert.deepEqual([span[0], span.at(-1)], [from, to])
            span.forEach(settle)
          }
          assert.ok(decision.next === null || decision.next.at > scheduledAt)
          next = decision.next
        }
      }
      const passed = instant(now - policies.offsetMs + 1)
      const expected = passed <= start ? [] : [...fireTimesOf(policies.recurrence, start, passed)]
      assert.deepEqual([...settled.keys()].toSorted(), expected)
      assert.ok([...settled.values()].every(times => times === 1))
    }),
  )
})

test('catch_up never dispatches two missed fires at once', () => {
  const options = policies({ misfire: 'catch_up' })
  const fire = aFire({ reason: 'CATCH_UP', now: at(30), underWay: true })
  assert.equal(judgeFire(fire, options).kind, 'queue')
  assert.equal(judgeWaitingFire(fire, 'allow').kind, 'queue')
})
