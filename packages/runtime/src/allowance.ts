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

/**
 * A token bucket for each name. It counts in thousandths and whole milliseconds, so that with whole
 * numbers nothing is rounded: who comes back when told is never a hair too early.
 */
export function allowance({ perSecond, burst }: AllowanceOptions): Allowance {
  // How many thousandths were left at an instant; they grow with time.
  const buckets = new Map<string, { left: number; atMs: number }>()
  let sweepAt = MANY

  return {
    take(who, count, now) {
      const nowMs = Math.floor(now)
      const left = leftOf(who, nowMs)
      if (left < 1_000) return Math.max(1, Math.ceil((1_000 - left) / perSecond))
      if (buckets.size >= sweepAt) forgetFull(nowMs)
      buckets.set(who, { left: left - count * 1_000, atMs: nowMs })
      return 0
    },
  }

  function leftOf(who: string, nowMs: number): number {
    const bucket = buckets.get(who)
    if (bucket === undefined) return burst * 1_000
    return Math.min(burst * 1_000, bucket.left + (nowMs - bucket.atMs) * perSecond)
  }

  function forgetFull(nowMs: number): void {
    for (const who of buckets.keys()) if (leftOf(who, nowMs) >= burst * 1_000) buckets.delete(who)
    sweepAt = Math.max(MANY, buckets.size * 2)
  }
}
