import type { Instant } from './instant.ts'
import { instant } from './instant.ts'
import type { MisfirePolicy } from './policies.ts'
import { countFiresOf, type Recurrence } from './recurrence.ts'

/** Fire times of a job that have passed and that nobody has served. */
export interface MissedFires {
  /** Those that have a run which waits, ascending; at least one. */
  readonly waiting: readonly Instant[]
  /** What the fire times after the last of them come from; null where none come after it. */
  readonly recurrence: Recurrence | null
  /** The last instant that has passed. */
  readonly upTo: Instant
}

/** What becomes of missed fire times: the earlier ones are skipped, the later ones get a run. */
export interface SettledFires {
  /** How many there are in all. */
  readonly missed: number
  readonly skipped: {
    readonly from: Instant
    readonly to: Instant
    readonly count: number
  } | null
  /** The first one that gets a run; null where none does. */
  readonly keptFrom: Instant | null
}

/**
 * Settles each missed fire time once: `skip` keeps none, `run_once` the latest, `catch_up` the
 * latest `catchUpLimit`. Costs as much for a second as for a year.
 */
export function settleMissed(
  fires: MissedFires,
  policy: MisfirePolicy,
  catchUpLimit: number,
): SettledFires {
  const { waiting, recurrence, upTo } = fires
  const last = waiting.at(-1)!
  const later = recurrence === null ? 0 : countFiresOf(recurrence, last + 1, upTo + 1)
  const missed = waiting.length + later
  const kept = { skip: 0, run_once: 1, catch_up: Math.min(catchUpLimit, missed) }[policy]
  const skipped = missed - kept
  const nth = (index: number) =>
    index < waiting.length
      ? waiting[index]!
      : nthLast(recurrence!, instant(last + 1), upTo, missed - index)
  return {
    missed,
    skipped: skipped === 0 ? null : { from: waiting[0]!, to: nth(skipped - 1), count: skipped },
    keptFrom: kept === 0 ? null : nth(skipped),
  }
}

/** The nth fire time of [from, to] counted from its end, by halving: counting a span is cheap. */
function nthLast(recurrence: Recurrence, from: Instant, to: Instant, n: number): Instant {
  let low: number = from
  let high: number = to
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (countFiresOf(recurrence, middle, to + 1) >= n) low = middle
    else high = middle - 1
  }
  return instant(low)
}
