import { checkAcknowledged } from './acknowledged.ts'
import { checkFences } from './fences.ts'
import { checkFires, type FireCounts } from './fires.ts'
import type { Death, History } from './history.ts'
import { checkOwners } from './owners.ts'
import { checkProgress, type ProgressCounts } from './progress.ts'
import { checkRepeats, type RepeatCounts } from './repeats.ts'
import { checkStarts, type StartCounts } from './starts.ts'

/** What does not hold. */
export interface Violation {
  /** The number of the promise, see docs/guarantees.md. */
  readonly promise: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
  /** A word for the kind of violation. */
  readonly kind: string
  readonly message: string
}

/** What the checker is lenient about, in milliseconds. */
export interface Limits {
  /** How long the consequences of a fault may last after its end. */
  readonly recoveryMs: number
  /** How much of a run's waiting no fault need explain. */
  readonly patienceMs: number
  /** The longest wait between two attempts. */
  readonly backoffMs: number
  /** The longest that a task takes by itself. */
  readonly taskMs: number
}

export interface Report extends FireCounts, RepeatCounts, StartCounts, ProgressCounts {
  readonly violations: readonly Violation[]
}

/** Compares what was promised with what is on record and what really ran. */
export function check(history: History, limits: Limits): Report {
  const fires = checkFires(history)
  const starts = checkStarts(history)
  const repeats = checkRepeats(history, limits)
  const progress = checkProgress(history, limits)
  return {
    ...fires.counts,
    ...starts.counts,
    ...repeats.counts,
    ...progress.counts,
    violations: [
      ...checkAcknowledged(history),
      ...fires.violations,
      ...starts.violations,
      ...progress.violations,
      ...checkFences(history),
      ...repeats.violations,
      ...checkOwners(history),
      ...history.deaths.map(toViolation),
    ],
  }
}

function toViolation({ service, at, code }: Death): Violation {
  const message = `${service} ended by itself at ${at} with ${code}`
  return { promise: 6, kind: 'service died', message }
}
