import type { Fence, JobId, RunKey } from './ids.ts'
import type { Instant } from './instant.ts'

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
  /**
   * When the scheduler handed it to the bus, by the database's clock as far as the scheduler knows
   * it. Left out where nobody who knows that clock has said.
   */
  readonly publishedAt?: Instant
  /** W3C trace context of the request that made the job, where there was one. */
  readonly traceparent?: string
}
