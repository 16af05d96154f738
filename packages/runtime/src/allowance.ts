/** So much at once, and so much a second after that. */
export interface AllowanceOptions {
  readonly perSecond: number
  /** What may be taken at once by somebody who has taken nothing for long. */
  readonly burst: number
}

/** Counts what each of many takes, in this process alone. */
export interface Allowance {
  /**
   * Takes `count` if anything at all is left, so that no single take is ever too large: what it
   * takes beyond what is left is paid for by waiting.
   *
   * @param nowMs of a clock that never goes back
   * @returns 0, or in how many milliseconds there will be something again
   */
  take(who: string, count: number, nowMs: number): number
}

/** Those who have waited long enough to be as new are forgotten when this many are remembered. */
const MANY = 10_000

/** A token bucket for each name. */
export function allowance({ perSecond, burst }: AllowanceOptions): Allowance {
  // What was left at an instant; it grows with time.
  const buckets = new Map<string, { left: number; atMs: number }>()
  let sweepAt = MANY

  return {
    take(who, count, nowMs) {
      const left = leftOf(who, nowMs)
      if (left < 1) return Math.max(1, Math.ceil(((1 - left) / perSecond) * 1_000))
      if (buckets.size >= sweepAt) forgetFull(nowMs)
      buckets.set(who, { left: left - count, atMs: nowMs })
      return 0
    },
  }

  function leftOf(who: string, nowMs: number): number {
    const bucket = buckets.get(who)
    if (bucket === undefined) return burst
    return Math.min(burst, bucket.left + ((nowMs - bucket.atMs) / 1_000) * perSecond)
  }

  function forgetFull(nowMs: number): void {
    for (const who of buckets.keys()) if (leftOf(who, nowMs) >= burst) buckets.delete(who)
    sweepAt = Math.max(MANY, buckets.size * 2)
  }
}
