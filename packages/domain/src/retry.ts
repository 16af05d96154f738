/** How long a run waits between its attempts, and how many it gets. */
export interface RetryPolicy {
  /** Attempts a run gets in all, 1 or more. */
  readonly maxAttempts: number
  /** The first wait's ceiling, in milliseconds. */
  readonly baseMs: number
  /** No wait is longer, in milliseconds. */
  readonly capMs: number
}

/**
 * How long to wait before the next attempt: a random time in the upper half below a doubling
 * ceiling ("equal jitter"), so that jobs which failed together neither come back together nor at
 * once.
 *
 * @param attempt the attempt that has just failed, from 1
 * @param random in [0, 1), a parameter so that results can be tested
 * @returns whole milliseconds, at most `capMs`
 * @throws {RangeError} when `attempt` is below 1 or not a number
 * @see AWS Architecture Blog, "Exponential Backoff And Jitter" (2015)
 */
export function retryDelayMs(
  { baseMs, capMs }: Pick<RetryPolicy, 'baseMs' | 'capMs'>,
  attempt: number,
  random: number,
): number {
  if (!(attempt >= 1)) throw new RangeError(`attempt must be 1 or more, got ${attempt}`)
  const ceiling = Math.min(baseMs * 2 ** (attempt - 1), capMs)
  return Math.floor((ceiling * (1 + random)) / 2)
}
