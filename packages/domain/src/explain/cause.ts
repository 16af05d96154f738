import { formatInstant, type Instant } from '../instant.ts'

/** Every cause that an explanation can name; docs/explain.md tells each. */
export const causeCodes = [
  // Why there is a run.
  'FIRE_TIME',
  'ASKED_FOR',
  'TRIGGERED',
  'REPLAYED',
  'CAUGHT_UP',
  'STANDS_FOR',
  // What its attempts came to.
  'RETRIED',
  'RECOVERED',
  'HANDED_BACK',
  // What became of it.
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
  // Why it is not finished.
  'NOT_DUE',
  'BACKING_OFF',
  'HELD_PAUSED',
  'HELD_UNKNOWN',
  'QUEUED_BEHIND',
  'NO_EXECUTOR',
  'TASK_UNKNOWN',
  'WINDOW_FULL',
  'MORE_URGENT',
  'OWNERS_SHARE',
  'DUE',
  'DISPATCHED',
  'DISPATCH_LOST',
  'RUNNING',
  'EXECUTOR_SILENT',
  'CANCEL_ASKED',
  'EXPIRES',
  // Why there is no run.
  'SKIPPED_MISFIRE',
  'SKIPPED_OVERLAP',
  'SKIPPED_EXPIRED',
  'SKIPPED_PAUSED',
  'PAUSED',
  'ENDED',
  'BEFORE_CREATION',
  'BEFORE_START',
  'AFTER_END',
  'NOT_A_FIRE_TIME',
  'CLOCK_JUMPED',
  'CLOCK_REPEATED',
  'NOT_PLANNED_YET',
  'TO_BE_SETTLED',
  'BEFORE_HORIZON',
  'UNACCOUNTED',
] as const
export type CauseCode = (typeof causeCodes)[number]

/** One reason why something is as it is. */
export interface Cause {
  readonly code: CauseCode
  /** One sentence for the person who asks. */
  readonly message: string
  /** What it is told from; instants as text. */
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>
  /** What to do where that is not as wanted; null where there is nothing to do. */
  readonly remedy: string | null
}

/** Causes from the most telling on, and when something is to happen next. */
export interface Explanation {
  readonly causes: readonly Cause[]
  /** Null where nothing is to come, or nobody can say when. */
  readonly nextAt: Instant | null
}

export function cause(
  code: CauseCode,
  message: string,
  evidence: Cause['evidence'] = {},
  remedy: string | null = null,
): Cause {
  return { code, message, evidence, remedy }
}

/** An instant as evidence shows it. */
export function shown(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}

export function many(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
