/** Knows whether a scheduler was itself away, and has executors report before it judges them. */
export interface Absence {
  /** It was cut off from the database. */
  wasAway(): void
  turnBegins(): void
  /** @returns the rest that was asked for, in milliseconds */
  turnEnds(restMs: number): number
  /** Whether executors have had their time since. */
  isOver(): boolean
  /** In so many milliseconds they will have had it. */
  endsInMs(): number
}

/**
 * Nobody is declared lost by one who was away: after a start, a failure or a pause of its own a
 * scheduler leaves running attempts alone for a moment, since their executors may have been cut off
 * with it and want to report first.
 *
 * @param clock milliseconds of this process that only grow
 * @param graceMs how long executors get to report
 */
export function watchAbsence(clock: () => number, graceMs: number): Absence {
  let trustFrom = clock() + graceMs
  let expectedBy = Number.POSITIVE_INFINITY
  const wasAway = () => {
    trustFrom = clock() + graceMs
  }
  return {
    wasAway,
    turnBegins() {
      if (clock() > expectedBy) wasAway()
      expectedBy = Number.POSITIVE_INFINITY
    },
    turnEnds(restMs) {
      expectedBy = clock() + restMs + graceMs
      return restMs
    },
    isOver: () => clock() >= trustFrom,
    endsInMs: () => Math.max(0, trustFrom - clock()),
  }
}
