import type { JobId, RunKey } from './ids.ts'
import type { Instant } from './instant.ts'

/** A run that has failed for good, as the world is told of it. */
export interface DeadLetter extends RunKey {
  readonly jobId: JobId
  /** Attempts that the run had. */
  readonly attempts: number
  readonly failedAt: Instant
  /** Why the last attempt failed. */
  readonly error: { readonly name: string; readonly message: string }
  /** Which version of the job the run belonged to: its payload is found there. */
  readonly jobVersion: number
}
