/** How many runs may be started in the database before there is a slot for each. */
export interface Pace {
  /** A slot became free. */
  ended(): void
  /** A start in the database took so long, in milliseconds. */
  started(tookMs: number): void
  /** Slots that will become free, as they do now, while the next start is under way. */
  ahead(): number
}

/** Of what becomes free during one start twice as much is started, so that no slot waits. */
const STARTS_AHEAD = 2
/** More makes batches no cheaper. */
const MOST_AHEAD = 450

/**
 * Watches how fast slots become free. Tasks of a millisecond would else go to the database in
 * batches no larger than the slots, and each batch costs a round trip; of tasks that take a second
 * hardly any are started ahead.
 *
 * @param clock milliseconds of a clock that never goes back
 */
export function openPace(clock: () => number): Pace {
  let count = 0
  let sinceMs = clock()
  let startMs = 0
  return {
    ended() {
      count++
    },
    started(tookMs) {
      startMs = tookMs
    },
    ahead() {
      const now = clock()
      const perMs = count / Math.max(1, now - sinceMs)
      count = 0
      sinceMs = now
      return Math.min(MOST_AHEAD, Math.floor(perMs * startMs * STARTS_AHEAD))
    },
  }
}
