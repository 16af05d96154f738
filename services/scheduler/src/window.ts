import type { Capacity } from '@cronos/store'
import type { Fairness } from './fairness.ts'

/** Seconds of the executors' work that may lie between the queue and them. */
const SECONDS_AHEAD = 0.3
/** Over how long starts are counted to tell how many there are a second. */
const SMOOTHING_MS = 1_000
/** After an idle time what is on its way grows by so much with each count, as long as it is done at once. */
const GROWTH = 2
/** What may be on its way though no slot is free, so that a slot that becomes free finds work. */
const SMALLEST_BATCH = 8
/** Runs of the first claim of a burst at most. */
const FIRST_BATCH = 300
/** Counting costs a query: after a count that changed nothing the next one waits twice as long. */
const SHORTEST_COUNT_MS = 5
const LONGEST_COUNT_MS = 250
/** What is due waits for a count only if the last one is older than this, or its room is used up. */
const OLDEST_COUNT_MS = 5_000

/**
 * How much may be dispatched: what the executors can begin in about a third of a second. The rest of
 * a backlog stays in the database, where priority and cancel still work.
 */
export interface DispatchWindow {
  /**
   * How many runs may be claimed now; asks the database when its last answer is used up or too old.
   */
  room(): Promise<number>
  /** Asks the database if its last answer is not fresh: when nothing that is due waits for it. */
  refresh(): Promise<void>
  /**
   * How many of them at once: few after a claim that found no more, so that the first of a burst
   * need not wait until thousands are claimed.
   */
  readonly batch: number
  /** Takes what was claimed off the room. */
  use(runs: number): void
  /** When the room is used up: until it is worth asking again, in milliseconds. */
  readonly restMs: number
}

/**
 * @param read counts the executors and what is on its way
 * @param clock milliseconds of a clock that never goes back
 * @param limit the most that is ever on its way
 * @param fairness is told of each count
 */
export function dispatchWindow(
  read: () => Promise<Capacity>,
  clock: () => number,
  limit: number,
  fairness: Pick<Fairness, 'observe' | 'isCapping'>,
): DispatchWindow {
  let left = 0
  let countedAt = Number.NEGATIVE_INFINITY
  let dispatched = 0
  let used = 0
  let startsPerSecond = 0
  let running = 0
  let begunBefore = 0
  /** Runs that have just begun and ended again. */
  let quick = 0
  let restMs = SHORTEST_COUNT_MS
  let batch = FIRST_BATCH

  return {
    async room() {
      const elapsedMs = clock() - countedAt
      // Whoever has his share is waited for as if nothing were left.
      const isUsedUp = left <= 0 || fairness.isCapping
      if (elapsedMs >= (isUsedUp ? restMs : OLDEST_COUNT_MS)) await count(elapsedMs)
      return left
    },
    async refresh() {
      const elapsedMs = clock() - countedAt
      if (elapsedMs >= LONGEST_COUNT_MS) await count(elapsedMs)
    },
    get batch() {
      return batch
    },
    use(runs) {
      batch = runs >= FIRST_BATCH ? Number.POSITIVE_INFINITY : FIRST_BATCH
      left -= runs
      used += runs
      if (runs > 0) restMs = SHORTEST_COUNT_MS
    },
    get restMs() {
      return restMs
    },
  }

  async function count(elapsedMs: number): Promise<void> {
    const capacity = await read()
    observe(capacity, elapsedMs)
    const ahead = size(capacity)
    fairness.observe(capacity, capacity.running + ahead, elapsedMs)
    left = capacity.executors === 0 ? 0 : Math.max(0, ahead - capacity.dispatched)
  }

  function size({ slots, running, elsewhere }: Capacity): number {
    // What would wait here may have a slot elsewhere.
    const smallest = elsewhere > 0 ? 0 : SMALLEST_BATCH
    const free = Math.max(0, slots - running)
    const ahead = Math.max(Math.ceil(startsPerSecond * SECONDS_AHEAD), quick * GROWTH)
    return Math.min(limit, Math.max(free, ahead, smallest))
  }

  /** What was on its way and is no longer has begun: so fast do the executors start. */
  function observe(capacity: Capacity, elapsedMs: number): void {
    const begun = Math.max(0, dispatched + used - capacity.dispatched)
    const measured = Number.isFinite(elapsedMs) ? (begun * 1_000) / elapsedMs : 0
    // Ten that began within five milliseconds are no two thousand a second.
    const weight = Math.min(1, elapsedMs / SMOOTHING_MS)
    const smoothed = startsPerSecond + (measured - startsPerSecond) * weight
    startsPerSecond = Math.max(capacity.startsPerSecond, smoothed)
    const ended = Math.max(0, running + begun - capacity.running)
    // Ended and begun at once: the executors take more than they have shown in a second so far.
    quick = Math.min(ended, begun + begunBefore)
    begunBefore = begun
    running = capacity.running
    restMs = begun > 0 ? SHORTEST_COUNT_MS : Math.min(restMs * 2, longestRestMs(capacity))
    dispatched = capacity.dispatched
    used = 0
    countedAt = clock()
  }
}

/**
 * While executors start runs, a scheduler counts about as often as they do: one that another was
 * ahead of sees no place become free, and would rest longer and longer and leave all to the other.
 */
function longestRestMs({ startsPerSecond }: Capacity): number {
  const betweenStartsMs = 1_000 / startsPerSecond
  return Math.min(LONGEST_COUNT_MS, Math.max(SHORTEST_COUNT_MS, betweenStartsMs))
}
