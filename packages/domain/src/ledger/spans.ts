import type { Instant } from '../instant.ts'

/** Fire times in a row. */
export interface FireRange {
  /** The first and the last of them. */
  readonly from: Instant
  readonly to: Instant
  readonly count: number
}

/** Spans, of which all are counted and the first ones are kept. */
export interface SpanList {
  /** Fire times in all of them. */
  readonly count: number
  /** Ascending; neighbours that touch are not joined. */
  spans(): FireRange[]
  add(span: FireRange): void
  /** Takes one fire time that is at most so far from `at` off a span; false when there is none. */
  take(at: Instant, furthestMs: number): boolean
}

/** Spans that are told of; more only fill the screen. */
const SHOWN_SPANS = 100

export function spanList(): SpanList {
  const kept: { from: Instant; to: Instant; count: number }[] = []
  /** Of the spans that are not kept, and where the last of them ends. */
  let others = 0
  let othersTo = -Infinity
  let count = 0
  return {
    get count() {
      return count
    },
    spans: () => kept.filter(span => span.count > 0).map(span => ({ ...span })),
    add(span) {
      count += span.count
      if (kept.length < SHOWN_SPANS) kept.push({ ...span })
      else {
        others += span.count
        othersTo = span.to
      }
    },
    take(at, furthestMs) {
      const span = kept.findLast(
        ({ to, count: left }) => left > 0 && Math.abs(at - to) <= furthestMs,
      )
      if (span !== undefined) span.count--
      else if (others > 0 && Math.abs(at - othersTo) <= furthestMs) others--
      else return false
      count--
      return true
    },
  }
}
