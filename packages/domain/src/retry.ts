import type { BackoffKind, JobPolicies } from './policies.ts'

/** How long a run waits between its attempts, and how many it gets. */
export interface RetryPolicy extends Backoff {
  /** Attempts a run gets in all, 1 or more. */
  readonly maxAttempts: number
}

export interface Backoff {
  /** Exponential unless told. */
  readonly kind?: BackoffKind
  /** The first wait's ceiling, in milliseconds. */
  readonly baseMs: number
  /** No wait is longer, in milliseconds. */
  readonly capMs: number
  /** The part of each wait that is left to chance, 0 to 1; one half unless told. */
  readonly jitter?: number
}

/** What a job says of its retries. */
export type RetryWishes = Pick<
  JobPolicies,
  'backoff' | 'backoffBaseMs' | 'backoffCapMs' | 'backoffJitter' | 'maxAttempts'
>

/** A job's wishes, completed by what is configured. */
export function retryPolicyOf(
  wishes: RetryWishes,
  configured: { readonly baseMs: number; readonly capMs: number },
): RetryPolicy {
  return {
    kind: wishes.backoff,
    baseMs: wishes.backoffBaseMs ?? configured.baseMs,
    capMs: wishes.backoffCapMs ?? configured.capMs,
    jitter: wishes.backoffJitter,
    maxAttempts: wishes.maxAttempts,
  }
}

const EQUAL_JITTER = 0.5

/**
 * How long to wait before the next attempt: a ceiling that doubles, grows by `baseMs` or stays, less
 * a random part of it, so that jobs which failed together do not come back together. The half that is
 * random unless told ("equal jitter") does not let them come back at once either.
 *
 * @param attempt the attempt that has just failed, from 1
 * @param random in [0, 1), a parameter so that results can be tested
 * @returns whole milliseconds, at most `capMs`
 * @throws {RangeError} when `attempt` is below 1 or not a number
 * @see AWS Architecture Blog, "Exponential Backoff And Jitter" (2015)
 */
export function retryDelayMs(backoff: Backoff, attempt: number, random: number): number {
  if (!(attempt >= 1)) throw new RangeError(`attempt must be 1 or more, got ${attempt}`)
  const { kind = 'exponential', baseMs, capMs, jitter = EQUAL_JITTER } = backoff
  const ceiling = Math.min(baseMs * growth(kind, attempt), capMs)
  return Math.floor(ceiling * (1 - jitter + jitter * random))
}

function growth(kind: BackoffKind, attempt: number): number {
  switch (kind) {
    case 'exponential':
      return 2 ** (attempt - 1)
    case 'linear':
      return attempt
    case 'fixed':
      return 1
    default:
      return kind satisfies never
  }
}
