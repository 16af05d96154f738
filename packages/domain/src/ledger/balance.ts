import type { Instant } from '../instant.ts'
import { nextFireOf } from '../recurrence.ts'
import { endOf, expectedFires, type TriggerVersion, versionOf } from './history.ts'
import { type FireRange, type SpanList, spanList } from './spans.ts'

/** Why fire times were settled without a run. */
export const settlingPolicies = ['MISFIRE', 'OVERLAP', 'EXPIRED', 'PAUSED'] as const
export type SettlingPolicy = (typeof settlingPolicies)[number]

/** What settles one fire time, or a span of them: a run, or the record that there is none. */
export type Settlement =
  | {
      readonly kind: 'run'
      readonly at: Instant
      /** Cancelled before it was ever started: nobody wanted it any more. */
      readonly isWithdrawn: boolean
      /** The version of the job that it was planned with. */
      readonly jobVersion: number
      /** The version of the time zone data that it was planned with; null where none was needed. */
      readonly tzdata: string | null
    }
  | {
      readonly kind: 'skip'
      readonly policy: SettlingPolicy
      /** Both ends belong to the span; they need not be fire times. */
      readonly from: Instant
      readonly to: Instant
      /** How many it settles. Where more lie in the span, it encloses some that others settle. */
      readonly count: number
    }

/** What a balance is drawn from, but for the settlements. */
export interface Books {
  /** In their order. */
  readonly versions: readonly TriggerVersion[]
  /** The fire times of [from, to) are looked at. */
  readonly from: Instant
  readonly to: Instant
  /**
   * Fire times after this instant may still be unsettled without anything being wrong: they are
   * young, or they hang from a run that waits, or the job is paused.
   */
  readonly pendingAfter: Instant
  /** The version of the time zone data that is computed with. */
  readonly tzdata: string
}

/** Whether each fire time was settled once. `expected` is `accounted` + `missing` + `pending`. */
export interface Balance {
  /** Fire times that the trigger asked for, computed anew. */
  readonly expected: number
  readonly accounted: number
  /** Of those accounted for: by a run of their own. */
  readonly runs: number
  /** Of those accounted for: by a record that says why there was no run. */
  readonly skipped: Readonly<Record<SettlingPolicy, number>>
  /** Of those accounted for: overdue when the job was ended, and gone with its waiting run. */
  readonly withdrawn: number
  /** Not settled, and what settles them is still to come. */
  readonly pending: number
  /** Not settled. */
  readonly missing: number
  readonly gaps: readonly FireRange[]
  /** Settled more than once. */
  readonly repeated: number
  readonly duplicates: readonly FireRange[]
  /** Runs at instants that no trigger asked for. */
  readonly strays: number
  readonly unexpected: readonly FireRange[]
  /** Runs that were planned rightly, by what was known or in force then, and would not be today. */
  readonly moved: number
}

/** A ledger that is being added up. Settlements come in the order of their first instants. */
export interface Ledger {
  add(settlement: Settlement): void
  /** The result; to be asked for once, at the end. */
  balance(): Balance
}

interface Enclosing {
  readonly policy: SettlingPolicy
  readonly from: Instant
  readonly to: Instant
  left: number
}

/** Whether every fire time was settled exactly once, as far as that can be known yet. */
export function isBalanced(balance: Balance): boolean {
  return balance.missing === 0 && balance.repeated === 0 && balance.strays === 0
}

/**
 * A change of time zone data moves fire times by hours, at most by a day where a zone changes the
 * side of the date line.
 */
const FURTHEST_MOVE_MS = 26 * 3_600_000
/** A run that is planned while its trigger changes may follow the version before or after. */
const CHANGE_MS = 60_000

/**
 * Compares the fire times that a trigger's history asks for with what settled them. Holds neither:
 * long spans are counted, not listed, and settlements may come one by one.
 */
export function openLedger(books: Books): Ledger {
  const { versions, pendingAfter } = books
  const expected = expectedFires(versions, books.from, books.to)
  const everExpected = expectedFires(versions, -Infinity as Instant, Infinity as Instant)
  const ended = endOf(versions)
  const skipped = { MISFIRE: 0, OVERLAP: 0, EXPIRED: 0, PAUSED: 0 }
  const gaps: SpanList = spanList()
  const duplicates: SpanList = spanList()
  const unexpected: SpanList = spanList()
  /** Runs that were moved and stand for no missing fire time yet. */
  const unmatched: Instant[] = []
  let runs = 0
  let moved = 0
  let withdrawn = 0
  let pending = 0
  /** The earliest fire time that is neither settled nor known to be missing. */
  let open = expected.next(-Infinity)
  let settledThrough = -Infinity
  let lastWasWithdrawn = false
  /** The latest record that encloses fire times which others settle, and how many are left. */
  let enclosing: Enclosing | null = null

  return {
    add(settlement) {
      const [from, to] =
        settlement.kind === 'run'
          ? [settlement.at, settlement.at]
          : [settlement.from, settlement.to]
      if (enclosing !== null && from > enclosing.to) closeEnclosing()
      missUntil(from)
      const again = repeat(settlement, from, Math.min(to, settledThrough))
      if (settlement.kind === 'run') addRun(settlement, again)
      else {
        skipped[settlement.policy] += expected.count(Math.max(from, settledThrough + 1), to + 1)
        lastWasWithdrawn = false
        if (!again) enclose(settlement)
      }
      if (to > settledThrough) {
        settledThrough = to
        if (open !== null && open <= to) open = expected.next(to)
      }
    },
    balance() {
      closeEnclosing()
      missUntil(books.to)
      const missing = gaps.count
      const accounted =
        runs + withdrawn + Object.values(skipped).reduce((sum, count) => sum + count, 0)
      return {
        ...{
          expected: accounted + missing + pending,
          accounted,
          runs,
          skipped,
          withdrawn,
          pending,
        },
        ...{ missing, gaps: gaps.spans() },
        ...{ repeated: duplicates.count, duplicates: duplicates.spans() },
        ...{ strays: unexpected.count, unexpected: unexpected.spans() },
        moved,
      }
    },
  }

  /** The fire times from `open` up to an instant have nothing that settles them. */
  function missUntil(until: number): void {
    if (open === null || open >= until) return
    const from = open
    open = expected.next(until - 1)
    const [settledByEnd, first] = lastWasWithdrawn ? untilEnd(from, until) : [0, from]
    withdrawn += settledByEnd
    const young = Math.max(first, Math.min(until, pendingAfter + 1))
    pending += expected.count(young, until)
    let count = expected.count(first, young)
    for (; count > 0 && match(first, young); count--) runs++
    if (count > 0) gaps.add(spanOf(first, young, count))
  }

  /** What was overdue when the job was ended hung from its waiting run, and went with it. */
  function untilEnd(from: number, until: number): [count: number, first: number] {
    if (ended === null || from > ended) return [0, from]
    const end = Math.min(until, ended + 1)
    return [expected.count(from, end), end]
  }

  /** Fire times that are settled already, unless what settled them only encloses them. */
  function repeat(settlement: Settlement, from: number, to: number): boolean {
    if (from > to) return false
    const count = expected.count(from, to + 1)
    if (count === 0) return false
    const others = enclosing === null ? 0 : Math.min(count, enclosing.left)
    if (enclosing !== null && others > 0) {
      enclosing.left -= others
      skipped[enclosing.policy] -= others
      if (settlement.kind === 'run') runs += others
      else skipped[settlement.policy] += others
    }
    if (count > others) duplicates.add(spanOf(from, to + 1, count - others))
    return true
  }

  function enclose({ policy, from, to, count }: Extract<Settlement, { kind: 'skip' }>): void {
    const left = everExpected.count(from, to + 1) - count
    if (left > 0) enclosing = { policy, from, to, left }
  }

  /** What it did not settle and nobody else did is missing; as far as all of it was looked at. */
  function closeEnclosing(): void {
    if (enclosing === null) return
    const { policy, from, to, left } = enclosing
    enclosing = null
    if (left === 0 || from < books.from || to >= books.to) return
    skipped[policy] -= left
    gaps.add({ from, to, count: left })
  }

  function addRun(run: Extract<Settlement, { kind: 'run' }>, again: boolean): void {
    lastWasWithdrawn = run.isWithdrawn
    if (open === run.at) runs++
    else if (!again && !run.isWithdrawn) addStray(run)
  }

  function addStray(run: Extract<Settlement, { kind: 'run' }>): void {
    const planned = versionOf(versions, run.jobVersion)
    if (planned !== null && isOfOtherZoneData(planned, run.tzdata)) {
      moved++
      if (gaps.take(run.at, FURTHEST_MOVE_MS)) runs++
      else unmatched.push(run.at)
    } else if (planned !== null && isOfAnotherVersion(planned, run.at)) moved++
    else unexpected.add({ from: run.at, to: run.at, count: 1 })
  }

  function isOfOtherZoneData({ trigger }: TriggerVersion, tzdata: string | null): boolean {
    if (trigger.kind !== 'recurring' || trigger.recurrence.kind !== 'cron') return false
    return trigger.recurrence.zone.id !== 'UTC' && tzdata !== null && tzdata !== books.tzdata
  }

  function isOfAnotherVersion({ trigger, validFrom, validTo }: TriggerVersion, at: Instant) {
    if (at < validFrom - CHANGE_MS || (validTo !== null && at > validTo + CHANGE_MS)) return false
    return trigger.kind === 'once'
      ? trigger.runAt === at
      : nextFireOf(trigger.recurrence, (at - 1) as Instant) === at
  }

  /** Takes a moved run for one of the fire times that are missing in [from, to). */
  function match(from: number, to: number): boolean {
    while (unmatched.length > 0 && unmatched[0]! < from - FURTHEST_MOVE_MS) unmatched.shift()
    if (unmatched.length === 0 || unmatched[0]! > to + FURTHEST_MOVE_MS) return false
    unmatched.shift()
    return true
  }

  /** From the first fire time of [from, to) to an instant at or after the last one. */
  function spanOf(from: number, to: number, count: number): FireRange {
    const first = expected.next(from - 1)!
    return { from: first, to: count === 1 ? first : lastOf(first, to), count }
  }

  /** The last fire time of [first, to), of which `first` is one. */
  function lastOf(first: Instant, to: number): Instant {
    let last = first as number
    let end = to
    while (end - last > 1) {
      const middle = Math.floor((last + end) / 2)
      const fire = expected.next(middle - 1)
      if (fire !== null && fire < end) last = fire
      else end = middle
    }
    return last as Instant
  }
}
