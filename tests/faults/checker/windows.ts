import type { Fault } from './history.ts'

/** When faults and what they cause were at work; spans do not overlap, ascending. */
export interface Windows {
  /** How much of [from, to) no fault covers, in milliseconds. */
  uncovered(from: number, to: number): number
  /** Whether a fault touches [from, to]. */
  touches(from: number, to: number): boolean
}

/** @param recoveryMs how long the consequences of a fault may last after its end */
export function windowsOf(faults: readonly Fault[], recoveryMs: number): Windows {
  const spans: { from: number; to: number }[] = []
  for (const { from, to } of faults.toSorted((a, b) => a.from - b.from)) {
    const last = spans.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to + recoveryMs)
    else spans.push({ from, to: to + recoveryMs })
  }
  return {
    uncovered(from, to) {
      let left = Math.max(0, to - from)
      for (const span of spans)
        left -= Math.max(0, Math.min(to, span.to) - Math.max(from, span.from))
      return left
    },
    touches: (from, to) => spans.some(span => span.from <= to && from <= span.to),
  }
}
