/*
 * What a test of faults writes down: what was asked and answered, what was on record, what really
 * ran, and what went wrong meanwhile. All instants are epoch milliseconds of one machine's clock,
 * the database's; a fire time is named by its milliseconds too.
 */

export interface History {
  readonly asked: readonly Asked[]
  readonly cancels: readonly Cancelled[]
  readonly moves: readonly Moved[]
  readonly jobs: readonly JobRecord[]
  readonly triggers: readonly TriggerRecord[]
  readonly runs: readonly RunRecord[]
  readonly attempts: readonly AttemptRecord[]
  readonly skipped: readonly SkippedRecord[]
  /** Finished runs as they were read while the test was going on. */
  readonly seen: readonly RunRecord[]
  /** Unfinished runs that were overdue when somebody looked. */
  readonly overdue: readonly Overdue[]
  readonly executions: readonly Execution[]
  readonly faults: readonly Fault[]
  readonly deaths: readonly Death[]
  readonly views: readonly View[]
  readonly probes: readonly Probe[]
  /** When the records were read: what was due by then is settled by then. */
  readonly readAt: number
}

/** What the target of a job does when it is called. */
export type Behaviour =
  | { readonly kind: 'ok' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** Refuses the first so many attempts. */
  | { readonly kind: 'flaky'; readonly failures: number }
  /** Refuses for good: the task fails permanently. */
  | { readonly kind: 'broken' }
  /** Never answers. */
  | { readonly kind: 'hang' }

/** What is asked of a job's trigger. */
export type AskedTrigger =
  | { readonly kind: 'immediate' }
  | { readonly kind: 'at'; readonly runAt: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }

/** A job that was asked for. */
export interface Asked {
  /** Unique: tells the job where the answer was lost. */
  readonly name: string
  readonly owner: string
  readonly trigger: AskedTrigger
  readonly behaviour: Behaviour
  readonly maxAttempts: number
  readonly sentAt: number
  readonly answeredAt: number
  /** Null where no answer came: then the job may be there or not. */
  readonly status: number | null
  /** Of a 201. */
  readonly jobId: string | null
  readonly nextRunAt: number | null
}

/** A job that its owner wanted to cancel. */
export interface Cancelled {
  readonly jobId: string
  readonly sentAt: number
  readonly answeredAt: number
  /** Null where no answer came. */
  readonly status: number | null
}

/** A one-time job that its owner wanted to have at another instant. */
export interface Moved extends Cancelled {
  readonly runAt: number
}

export interface JobRecord {
  readonly jobId: string
  readonly name: string | null
  readonly owner: string
  readonly state: string
}

/** A version of a job's trigger: what was expected of the job, and when. */
export interface TriggerRecord {
  readonly jobId: string
  readonly version: number
  readonly cronExpression: string | null
  readonly timeZone: string
  readonly runAt: number | null
  readonly validFrom: number
  readonly validTo: number | null
}

export interface RunRecord {
  readonly jobId: string
  readonly scheduledAt: number
  readonly owner: string
  readonly done: boolean
  readonly status: string
  readonly reason: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly fence: number
  readonly executor: string | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly error: string | null
}

/** An attempt that was not its run's last. */
export interface AttemptRecord {
  readonly jobId: string
  readonly scheduledAt: number
  readonly attempt: number
  readonly fence: number
  readonly startedAt: number | null
  readonly endedAt: number
  readonly outcome: string
}

/** Fire times that were settled without a run of their own, both ends included. */
export interface SkippedRecord {
  readonly jobId: string
  readonly from: number
  readonly to: number
  readonly count: number
  readonly policy: string
}

/** An unfinished run that nobody had looked at though it was time. */
export interface Overdue {
  readonly jobId: string
  readonly scheduledAt: number
  readonly status: string
  readonly wakeAt: number
  readonly lookedAt: number
}

/** A call that a task made, as its receiver wrote it down. */
export interface Execution {
  readonly jobId: string
  readonly scheduledAt: number
  readonly attempt: number
  readonly fence: number
  readonly begunAt: number
  /** Null where the caller went away, or the test ended, before the answer. */
  readonly endedAt: number | null
  /** The status that was answered. */
  readonly answered: number | null
}

/** Something that was broken on purpose. */
export interface Fault {
  readonly kind: string
  readonly target: string
  readonly from: number
  /** When all was in place again; what it caused may take a lease and some seconds longer. */
  readonly to: number
}

/** A service that ended though nobody ended it, or not in order when it was asked to. */
export interface Death {
  readonly service: string
  readonly at: number
  readonly code: number | null
}

/** The jobs that an owner's list shows. */
export interface View {
  readonly owner: string
  readonly jobIds: readonly string[]
}

/** A request for a job of somebody else. */
export interface Probe {
  readonly owner: string
  readonly jobId: string
  readonly status: number
}

/** Tells a run among all runs. */
export function runName({ jobId, scheduledAt }: { jobId: string; scheduledAt: number }): string {
  return `${jobId} at ${scheduledAt}`
}
