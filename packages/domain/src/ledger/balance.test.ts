import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { aCron, anInstant, aZone } from '../../test/arbitrary.ts'
import { springDst } from '../cron/cron.ts'
import { type Instant, instant } from '../instant.ts'
import { fireTimesOf, type Recurrence } from '../recurrence.ts'
import {
  type Books,
  isBalanced,
  openLedger,
  type Settlement,
  type SettlingPolicy,
} from './balance.ts'
import type { TriggerVersion } from './history.ts'

const noon = anInstant('2026-06-01T12:00Z')
const later = anInstant('2026-06-01T18:00Z')
const tzdata = '2026c'

function by(expression: string, zone = 'UTC'): Recurrence {
  const window = { startAt: null, endAt: null }
  return { kind: 'cron', cron: aCron(expression), zone: aZone(zone), dst: springDst, ...window }
}

function aVersion(
  recurrence: Recurrence,
  validFrom: Instant,
  validTo: Instant | null = null,
  version = 1,
): TriggerVersion {
  return {
    version,
    isPaused: false,
    validFrom,
    validTo,
    trigger: { kind: 'recurring', recurrence },
  }
}

function run(at: Instant, given: Partial<Extract<Settlement, { kind: 'run' }>> = {}): Settlement {
  return { kind: 'run', at, isWithdrawn: false, jobVersion: 1, tzdata, ...given }
}

function skip(policy: SettlingPolicy, from: Instant, to: Instant, count: number): Settlement {
  return { kind: 'skip', policy, from, to, count }
}

function balanceOf(
  settlements: Iterable<Settlement>,
  versions: readonly TriggerVersion[],
  books: Partial<Books> = {},
) {
  const bounds = { from: noon, to: later, pendingAfter: later, tzdata }
  const ledger = openLedger({ versions, ...bounds, ...books })
  for (const settlement of settlements) ledger.add(settlement)
  return ledger.balance()
}

/** Histories of one to three versions that follow each other without a break, some of them pauses. */
const histories = fc
  .array(
    fc.record({
      recurrence: fc
        .constantFrom('*/7 * * * * *', '0 */2 * * * *', '30 5-20 * * * *', '0 0 * * * *')
        .map(expression => by(expression)),
      lastsMs: fc.integer({ min: 1, max: 7_200_000 }),
      isPaused: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map(parts => {
    let from = noon - 1
    return parts.map(({ recurrence, lastsMs, isPaused }, index) => {
      const validFrom = instant(from)
      from += lastsMs
      const validTo = index < parts.length - 1 ? instant(from) : null
      return { ...aVersion(recurrence, validFrom, validTo, index + 1), isPaused }
    })
  })

/** All fire times of a history, the plain way. */
function firesOf(versions: readonly TriggerVersion[]): Instant[] {
  return versions.flatMap(({ trigger, validFrom, validTo }, index) => {
    assert.ok(trigger.kind === 'recurring')
    const from = instant(Math.max(noon, validFrom + (index === 0 ? 1 : 0)))
    return [...fireTimesOf(trigger.recurrence, from, instant(Math.min(later, validTo ?? later)))]
  })
}

/** Settles all fires: each number says how many of the next are one record; 1 is a run. */
function settle(fires: readonly Instant[], lengths: readonly number[]): Settlement[] {
  const settlements: Settlement[] = []
  for (let index = 0, turn = 0; index < fires.length; turn++) {
    const length = Math.min(lengths[turn % lengths.length]!, fires.length - index)
    const from = fires[index]!
    const to = fires[index + length - 1]!
    settlements.push(length === 1 ? run(from) : skip('MISFIRE', from, to, length))
    index += length
  }
  return settlements
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
const places = fc.uniqueArray(fc.nat({ max: 500 }), { maxLength: 5 })

describe('the ledger', () => {
  test('balances when each fire time was settled once, however the trigger changed', () => {
    fc.assert(
      fc.property(histories, lengths, (versions, lengths) => {
        const fires = firesOf(versions)
        const balance = balanceOf(settle(fires, lengths), versions)
        assert.ok(isBalanced(balance))
        assert.equal(balance.expected, fires.length)
        assert.equal(balance.accounted, fires.length)
        assert.equal(balance.runs + balance.skipped.MISFIRE, fires.length)
      }),
    )
  })
  test('finds each fire time that nothing settles, and only those', () => {
    fc.assert(
      fc.property(histories, lengths, places, (versions, lengths, places) => {
        const fires = firesOf(versions)
        const all = settle(fires, lengths)
        const taken = new Set(places.map(place => place % Math.max(1, all.length)))
        const balance = balanceOf(
          all.filter((_, index) => !taken.has(index)),
          versions,
        )
        const lost = all
          .filter((_, index) => taken.has(index))
          .flatMap(each => firesIn(each, fires))
        assert.equal(balance.missing, lost.length)
        assert.equal(balance.expected, fires.length)
        assert.equal(balance.accounted, fires.length - lost.length)
        const told = balance.gaps.flatMap(gap => fires.filter(at => at >= gap.from && at <= gap.to))
        assert.deepEqual(told, lost)
        assert.equal(
          balance.gaps.reduce((sum, gap) => sum + gap.count, 0),
          lost.length,
        )
      }),
    )
  })
  test('finds each fire time that was settled twice', () => {
    fc.assert(
      fc.property(histories, lengths, places, (versions, lengths, places) => {
        const fires = firesOf(versions)
        fc.pre(fires.length > 0)
        const all = settle(fires, lengths)
        const again = [...new Set(places.map(place => fires[place % fires.length]!))]
        const settlements = [...all, ...again.map(at => run(at))]
        const balance = balanceOf(
          settlements.toSorted((a, b) => startOf(a) - startOf(b)),
          versions,
        )
        assert.equal(balance.repeated, again.length)
        assert.equal(balance.accounted, fires.length)
        assert.equal(balance.missing, 0)
        assert.deepEqual(
          balance.duplicates.map(span => span.from),
          again.toSorted((a, b) => a - b),
        )
      }),
    )
  })
  test('does not miss what may still come, and misses the rest', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 0, max: 21_600_000 }), (versions, offset) => {
        const fires = firesOf(versions)
        const pendingAfter = instant(noon + offset)
        const balance = balanceOf([], versions, { pendingAfter })
        assert.equal(balance.pending, fires.filter(at => at > pendingAfter).length)
        assert.equal(balance.missing, fires.length - balance.pending)
      }),
    )
  })
  test('finds a run at an instant that no trigger asked for', () => {
    const stray = anInstant('2026-06-01T12:30Z')
    const balance = balanceOf([run(stray)], [aVersion(by('0 0 * * * *'), noon)])
    assert.deepEqual(balance.unexpected, [{ from: stray, to: stray, count: 1 }])
    assert.ok(!isBalanced(balance))
  })
  test('tells a month of seconds from one record in no time', () => {
    const to = anInstant('2026-07-01T12:00Z')
    const span = skip('PAUSED', noon, to, 30 * 86_400)
    const second = aVersion(by('* * * * * *'), instant(noon - 1))
    const balance = balanceOf([span], [second], { to, pendingAfter: to })
    assert.equal(balance.skipped.PAUSED, 30 * 86_400)
    assert.ok(isBalanced(balance))
  })
  test('counts a fire at the very instant of a change to the version after it, and of the end to the last', () => {
    const change = anInstant('2026-06-01T13:00Z')
    const versions = [
      aVersion(by('0 0 * * * *'), noon, change),
      aVersion(by('0 30 * * * *'), change, anInstant('2026-06-01T14:30Z'), 2),
    ]
    const { gaps } = balanceOf([], versions)
    assert.deepEqual(gaps, [
      { from: anInstant('2026-06-01T13:30Z'), to: anInstant('2026-06-01T14:30Z'), count: 2 },
    ])
  })
})

describe('the ledger of a one-time job', () => {
  const at = anInstant('2026-06-01T13:00Z')
  const once = (runAt: Instant, validFrom: Instant, validTo: Instant | null, version: number) => ({
    ...{ version, isPaused: false, validFrom, validTo },
    trigger: { kind: 'once', runAt } as const,
  })
  test('expects it once, however often it was paused meanwhile', () => {
    const pause = anInstant('2026-06-01T12:30Z')
    const resume = anInstant('2026-06-01T14:00Z')
    const versions = [
      once(at, noon, pause, 1),
      { ...once(at, pause, resume, 2), isPaused: true },
      once(at, resume, null, 3),
    ]
    assert.equal(balanceOf([run(at)], versions).expected, 1)
    assert.equal(balanceOf([], versions).missing, 1)
  })
  test('expects it at the instant it was moved to, not at the old one', () => {
    const moved = anInstant('2026-06-01T15:00Z')
    const versions = [once(at, noon, instant(noon + 1), 1), once(moved, instant(noon + 1), null, 2)]
    assert.ok(isBalanced(balanceOf([run(moved, { jobVersion: 2 })], versions)))
    assert.deepEqual(
      balanceOf([], versions).gaps.map(gap => gap.from),
      [moved],
    )
  })
  test('expects one whose time had passed when it was asked for', () => {
    const past = anInstant('2020-01-01T00:00Z')
    const versions = [once(past, noon, null, 1)]
    assert.ok(isBalanced(balanceOf([run(past)], versions)))
    assert.equal(balanceOf([], versions).missing, 1)
  })
  test('expects nothing of one that was cancelled before its time', () => {
    const versions = [once(at, noon, instant(noon + 5), 1)]
    const cancelled = run(at, { isWithdrawn: true })
    assert.equal(balanceOf([cancelled], versions).expected, 0)
    assert.ok(isBalanced(balanceOf([cancelled], versions)))
  })
})

describe('a record that settles fewer than lie in its span', () => {
  const every = [aVersion(by('0 */10 * * * *'), instant(noon - 1))]
  const at = (minutes: number) => instant(noon + minutes * 60_000)
  const rest = skip('PAUSED', at(70), at(350), 29)
  test('leaves the others to who settles them', () => {
    const hull = skip('PAUSED', at(0), at(60), 4)
    const inner = [run(at(10)), skip('MISFIRE', at(30), at(40), 2)]
    const balance = balanceOf([hull, ...inner, rest], every)
    assert.ok(isBalanced(balance), JSON.stringify(balance))
    assert.deepEqual([balance.expected, balance.runs, balance.skipped.MISFIRE], [36, 1, 2])
    assert.equal(balance.skipped.PAUSED, 4 + 29)
  })
  test('leaves a gap where nobody does', () => {
    const balance = balanceOf([skip('PAUSED', at(0), at(60), 4), run(at(10)), rest], every)
    assert.deepEqual(balance.gaps, [{ from: at(0), to: at(60), count: 2 }])
    assert.equal(balance.accounted, 34)
  })
  test('excuses no more than it leaves', () => {
    const inner = [run(at(10)), run(at(20))]
    const balance = balanceOf([skip('PAUSED', at(0), at(60), 6), ...inner, rest], every)
    assert.deepEqual(
      balance.duplicates.map(span => span.from),
      [at(20)],
    )
  })
  test('is not blamed for what lies outside of the time that was looked at', () => {
    const hull = skip('PAUSED', at(0), at(60), 4)
    const balance = balanceOf([hull, skip('MISFIRE', at(30), at(40), 2), rest], every, {
      from: at(20),
    })
    assert.ok(isBalanced(balance))
  })
})

describe('what time zone data moved', () => {
  const berlin = by('0 0 15 * * *', 'Europe/Berlin') // 13:00Z, as known today
  const old = anInstant('2026-06-01T14:00Z')
  test('stands for the fire time that today would be asked for, not for a gap and a stray', () => {
    for (const at of [old, anInstant('2026-06-01T12:30Z')]) {
      const balance = balanceOf([run(at, { tzdata: '2020a' })], [aVersion(berlin, noon)])
      assert.ok(isBalanced(balance))
      assert.deepEqual([balance.expected, balance.accounted, balance.moved], [1, 1, 1])
    }
  })
  test('hides no fire time that is missing beside it', () => {
    const hourly = aVersion(by('0 0 * * * *', 'Europe/Berlin'), noon)
    const balance = balanceOf([run(old, { tzdata: '2020a' })], [hourly])
    assert.equal(balance.missing, 4)
  })
  test('is a stray where the same data says otherwise, or the clock never changes', () => {
    assert.equal(balanceOf([run(old)], [aVersion(berlin, noon)]).strays, 1)
    const utc = aVersion(by('0 0 15 * * *'), noon)
    assert.equal(balanceOf([run(old, { tzdata: '2020a' })], [utc]).strays, 1)
  })
})

describe('a change of the trigger at the moment of a claim', () => {
  const change = anInstant('2026-06-01T13:00Z')
  const versions = [
    aVersion(by('*/10 * * * * *'), noon, change),
    aVersion(by('0 0 23 * * *'), change, null, 2),
  ]
  const rest = skip('MISFIRE', noon, change, 360)
  test('may leave a run of the version before, which is no stray', () => {
    const balance = balanceOf([rest, run(instant(change + 10_000))], versions)
    assert.ok(isBalanced(balance))
    assert.equal(balance.moved, 1)
  })
  test('excuses no run of an old version long after it', () => {
    assert.equal(balanceOf([rest, run(instant(change + 600_000))], versions).strays, 1)
  })
})

describe('a job that was ended', () => {
  test('takes the fire times that were overdue along with its waiting run', () => {
    const ended = anInstant('2026-06-01T13:00Z')
    const first = anInstant('2026-06-01T12:10Z')
    const versions = [aVersion(by('0 */10 * * * *'), noon, ended)]
    const balance = balanceOf([run(first, { isWithdrawn: true })], versions)
    assert.ok(isBalanced(balance))
    assert.deepEqual([balance.expected, balance.runs, balance.withdrawn], [6, 1, 5])
  })
  test('does not excuse what was missing before', () => {
    const ended = anInstant('2026-06-01T13:00Z')
    const versions = [aVersion(by('0 */10 * * * *'), noon, ended)]
    const future = anInstant('2026-06-01T13:10Z')
    const balance = balanceOf([run(future, { isWithdrawn: true })], versions)
    assert.equal(balance.missing, 6)
  })
})

function startOf(settlement: Settlement): Instant {
  return settlement.kind === 'run' ? settlement.at : settlement.from
}

function firesIn(settlement: Settlement, fires: readonly Instant[]): Instant[] {
  if (settlement.kind === 'run') return [settlement.at]
  return fires.filter(at => at >= settlement.from && at <= settlement.to)
}
