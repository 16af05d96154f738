import type { Fence } from './ids.ts'
import type { Instant } from './instant.ts'
import type { OnLostPolicy } from './policies.ts'
import { type RetryPolicy, retryDelayMs } from './retry.ts'

/** A run is in exactly one state, and a state carries only what is true in it. */
export type RunState =
  | { status: 'PENDING'; attempt: number; dueAt: Instant }
  | { status: 'DISPATCHED'; attempt: number; fence: Fence; leaseUntil: Instant }
  | { status: 'RUNNING'; attempt: number; fence: Fence; leaseUntil: Instant }
  | { status: 'SUCCEEDED'; finishedAt: Instant }
  | { status: 'FAILED'; finishedAt: Instant; reason: string }
  | { status: 'CANCELLED'; finishedAt: Instant }

export type RunStatus = RunState['status']
export const runStatuses = [
  'PENDING',
  'DISPATCHED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const satisfies readonly RunStatus[]

/** Why a run came to be. */
export type RunReason = 'FIRE' | 'MANUAL' | 'REPLAY' | 'CATCH_UP'

/** What became of an attempt. */
export type Outcome =
  | { kind: 'succeeded' }
  /** `retryAfterMs`: its target asks to be left alone for so long. */
  | { kind: 'failed'; reason: string; permanent: boolean; retryAfterMs?: number }
  /** The executor vanished: what the attempt did outside is not known. It counts. */
  | { kind: 'lost'; reason: string }
  /** Somebody asked to cancel the run, and the attempt was cut off. */
  | { kind: 'cancelled' }
  /** The executor stopped and gave the attempt back. It does not count. */
  | { kind: 'handed back' }

/** What an attempt needs to be judged by. */
export interface RunningAttempt {
  /** From 1. */
  readonly attempt: number
  readonly retry: RetryPolicy
  /** `retry` unless told. */
  readonly onLost?: OnLostPolicy
}

/** What a run becomes after an attempt. */
export type Next =
  | { status: 'SUCCEEDED' }
  | { status: 'FAILED'; reason: string }
  | { status: 'CANCELLED' }
  /**
   * Another attempt is due after `delayMs`; the one that ended counts or does not. With a `hold` it
   * is not due before a person has said what became of the one that was lost.
   */
  | { status: 'PENDING'; delayMs: number; counts: boolean; hold?: 'UNKNOWN' }

/**
 * What follows an attempt: done, or waiting for another one.
 *
 * @param random in [0, 1), spreads the retries
 */
export function afterAttempt(run: RunningAttempt, outcome: Outcome, random: number): Next {
  switch (outcome.kind) {
    case 'succeeded':
      return { status: 'SUCCEEDED' }
    case 'handed back':
      return { status: 'PENDING', delayMs: 0, counts: false }
    case 'cancelled':
      return { status: 'CANCELLED' }
    case 'failed':
    case 'lost': {
      if (outcome.kind === 'lost' && run.onLost === 'hold')
        return { status: 'PENDING', delayMs: 0, counts: true, hold: 'UNKNOWN' }
      const final = outcome.kind === 'failed' && outcome.permanent
      if (final || run.attempt >= run.retry.maxAttempts)
        return { status: 'FAILED', reason: outcome.reason }
      const asked = outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0
      const delayMs = Math.max(retryDelayMs(run.retry, run.attempt, random), asked)
      return { status: 'PENDING', delayMs, counts: true }
    }
    default:
      return outcome satisfies never // a new kind of outcome is a compile error here
  }
}
