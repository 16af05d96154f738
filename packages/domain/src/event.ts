import type { Fence, JobId, RunKey } from './ids.ts'

/**
 * What a scheduler tells the executors through the bus: this attempt of this run is due.
 * The event carries no work, only its key: the executor starts the run in the database, and what
 * the database does not confirm was a duplicate or stale.
 */
export interface JobEvent extends RunKey {
  readonly jobId: JobId
  /** The attempt that the event announces, from 1. */
  readonly attempt: number
  /** Null in an event that another system wrote with the contract's three fields alone. */
  readonly fence: Fence | null
  /** W3C trace context of the request that made the job, where there was one. */
  readonly traceparent?: string
}
