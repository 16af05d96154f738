import type { Priority } from './job.ts'

/** A fire time comes while an earlier run of its job is still going. */
export const overlapPolicies = ['skip', 'queue', 'allow'] as const
export type OverlapPolicy = (typeof overlapPolicies)[number]

/** Fire times passed while nobody could serve them, or while the job was paused. */
export const misfirePolicies = ['run_once', 'skip', 'catch_up'] as const
export type MisfirePolicy = (typeof misfirePolicies)[number]

/** An executor vanished in the middle of an attempt, and what it did outside is not known. */
export const onLostPolicies = ['retry', 'hold'] as const
export type OnLostPolicy = (typeof onLostPolicies)[number]

/** How the wait grows from one attempt to the next. */
export const backoffKinds = ['exponential', 'linear', 'fixed'] as const
export type BackoffKind = (typeof backoffKinds)[number]

/** How a job wants to be treated; all of it may be changed later. Durations in milliseconds. */
export interface JobPolicies {
  readonly priority: Priority
  /** Of one attempt. */
  readonly timeoutMs: number
  /** Attempts that a run gets in all, 1 or more. */
  readonly maxAttempts: number
  readonly backoff: BackoffKind
  /** The first wait's ceiling; null for what the executor is configured with. */
  readonly backoffBaseMs: number | null
  /** No wait is longer; null for what the executor is configured with. */
  readonly backoffCapMs: number | null
  /** The part of each wait that is left to chance, 0 to 1. */
  readonly backoffJitter: number
  readonly overlap: OverlapPolicy
  readonly misfire: MisfirePolicy
  /** Missed fire times that `catch_up` runs at most; the latest ones. */
  readonly catchUpLimit: number
  /** A run that has not started by so long after it was due is settled as expired; null for never. */
  readonly expireAfterMs: number | null
  /** The fires of a recurring job are moved by an offset of its own, below this. */
  readonly spreadMs: number
  readonly onLost: OnLostPolicy
  /** Runs in a row that failed for good, after which a recurring job is paused; null for never. */
  readonly pauseAfterFailures: number | null
}

/** What a job gets that asks for nothing. */
export const defaultPolicies: JobPolicies = {
  priority: 'NORMAL',
  timeoutMs: 300_000,
  maxAttempts: 3,
  backoff: 'exponential',
  backoffBaseMs: null,
  backoffCapMs: null,
  backoffJitter: 0.5,
  overlap: 'skip',
  misfire: 'run_once',
  catchUpLimit: 100,
  expireAfterMs: null,
  spreadMs: 0,
  onLost: 'retry',
  pauseAfterFailures: null,
}
