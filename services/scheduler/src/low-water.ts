import { type Instant, instant, later } from '@cronos/domain'
import type { Claimed } from '@cronos/store'

/** A run is seen at most so long after the instant that it is due at by its row, in milliseconds. */
const LATE_MS = 2_000
/** What came later still is found this often, in milliseconds, while there is anything to do. */
const SWEEP_MS = 1_000
/** The part of its time that a scheduler spends on looking before the mark at most. */
const EFFORT = 0.1
/** Time by the process's clock is worth so much by the database's at least. */
const SLOWEST_CLOCK = 0.999
/** A claim that takes less may leave out a level whose share of it is less than one run. */
const FEW = 20

/**
 * Up to where a scheduler has claimed all there was. Claims begin there: where a long transaction
 * keeps PostgreSQL from cleaning up, everything that was ever claimed since lies before it.
 *
 * The mark is a hint. What appears before it all the same (a run whose transaction took longer to
 * commit, or that somebody had locked) is found by a sweep, from the beginning.
 */
export interface LowWater {
  /** Null while nothing is known. */
  readonly mark: Instant | null
  /**
   * Where the next claim begins: at the mark, and at the beginning where nothing is known, or where
   * claims have been full for so long that there was no time for a sweep.
   */
  readonly from: Instant | null
  /** Until it is time for a sweep, in milliseconds. */
  readonly sweepInMs: number
  /**
   * Learns from a claim that held nothing back but for its limit, wherever it began.
   */
  claimed(runs: readonly Claimed[], limit: number): void
  /** Nothing is left from the beginning to the end. */
  swept(tookMs: number): void
  /** What the database's clock says now. */
  tell(now: Instant): void
  /** The database was away, and may be another one now, with a clock of its own. */
  forget(): void
}

/** @param clock milliseconds of a clock that never goes back */
export function openLowWater(clock: () => number): LowWater {
  let mark: Instant | null = null
  let sweepAt = Number.NEGATIVE_INFINITY
  let wasFull = false
  /** What the database's clock told, and when. */
  let told: { readonly now: Instant; readonly at: number } | null = null

  return {
    get mark() {
      return mark
    },
    get from() {
      return wasFull && clock() >= sweepAt ? null : mark
    },
    get sweepInMs() {
      return Math.max(0, sweepAt - clock())
    },
    claimed(runs, limit) {
      wasFull = runs.length >= limit
      const at = clock()
      const last = runs.at(-1)
      if (last !== undefined) told = { now: last.now, at }
      if (told === null) return
      const elapsedMs = Math.floor((at - told.at) * SLOWEST_CLOCK)
      const seen = later(told.now, elapsedMs - LATE_MS)
      if (!wasFull) mark = highest(mark, seen)
      else if (limit >= FEW) mark = highest(mark, lowest(seen, endOf(runs)))
    },
    swept(tookMs) {
      sweepAt = clock() + Math.max(SWEEP_MS, tookMs / EFFORT)
    },
    tell(now) {
      told = { now, at: clock() }
    },
    forget() {
      mark = null
      told = null
    },
  }
}

/** Up to where each level was claimed from which something was. They come level by level. */
function endOf(runs: readonly Claimed[]): Instant {
  let end = Number.POSITIVE_INFINITY
  for (const [index, run] of runs.entries())
    if (run.level !== runs[index + 1]?.level) end = Math.min(end, run.wakeAt)
  return instant(end)
}

function lowest(a: Instant, b: Instant): Instant {
  return a < b ? a : b
}

function highest(a: Instant | null, b: Instant): Instant {
  return a !== null && a > b ? a : b
}
