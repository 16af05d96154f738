import type { RunId } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { JobType, Priority } from '../job.ts'
import type { SettlingPolicy } from '../ledger/balance.ts'
import type { OverlapPolicy } from '../policies.ts'
import type { RunReason, RunStatus } from '../run.ts'

/** What is known of a run that is to be explained. */
export interface RunFacts {
  readonly now: Instant
  readonly runId: RunId
  readonly status: RunStatus
  readonly reason: RunReason
  readonly hold: 'PAUSED' | 'UNKNOWN' | null
  readonly scheduledAt: Instant
  readonly dueAt: Instant
  /** When a scheduler looks at it again; null where it is held or finished. */
  readonly wakeAt: Instant | null
  readonly attempt: number
  readonly maxAttempts: number
  /** Dispatches of the attempt to come that no start has answered yet. */
  readonly dispatches: number
  readonly executor: string | null
  /** Whether that executor was heard of lately. */
  readonly isExecutorAlive: boolean
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly deadlineAt: Instant | null
  readonly expiresAt: Instant | null
  /** Until when its executor may take to end it; null unless somebody asked to cancel it. */
  readonly cancelAt: Instant | null
  readonly requestedBy: string | null
  readonly replayOf: RunId | null
  readonly priority: Priority
  /** Of the last attempt; null after a success. */
  readonly error: string | null
  /** Those that were not the last, from the first. */
  readonly attempts: readonly AttemptFacts[]
  readonly job: JobFacts
  /** Fire times that were settled into this run. */
  readonly standsFor: readonly SkippedFacts[]
  /** The earliest unfinished run of the job with an earlier fire time. */
  readonly behind: RunId | null
  /** How busy everything is; null where that does not matter to the run. */
  readonly load: LoadFacts | null
}

export interface AttemptFacts {
  readonly attempt: number
  readonly outcome: 'FAILED' | 'LOST' | 'HANDED_BACK' | 'CANCELLED'
  readonly executor: string | null
  readonly endedAt: Instant
  readonly error: string | null
}

export interface JobFacts {
  readonly jobType: JobType
  readonly state: 'ACTIVE' | 'PAUSED' | 'CANCELLED' | 'FAILED' | 'DELETED'
  /** The cron expression or interval; null of a one-time job. */
  readonly trigger: string | null
  readonly timeZone: string
  readonly overlap: OverlapPolicy
  readonly task: string
  readonly pausedAt: Instant | null
  readonly pauseNote: string | null
  /** Null where Cronos itself paused it. */
  readonly pausedBy: string | null
  readonly failureReason: string | null
}

export interface SkippedFacts {
  readonly policy: SettlingPolicy
  readonly from: Instant
  readonly to: Instant
  readonly count: number
  readonly settledAt: Instant
  readonly intoRun: RunId | null
}

export interface LoadFacts {
  /** Executors that were heard of lately, and those of them that know the job's task. */
  readonly executors: number
  readonly knowing: number
  readonly slots: number
  readonly dispatched: number
  readonly running: number
  /** Of these two, those of the job's owner; and how many he may have. Null for no bound. */
  readonly owners: number
  readonly share: number | null
  /** Due runs that come before this one, as far as they were counted. */
  readonly ahead: number
}
