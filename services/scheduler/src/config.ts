/** What a scheduler runs by. Durations in milliseconds. */
export interface SchedulerConfig {
  /** Runs of one claim at most. */
  readonly batchSize: number
  /** The longest rest: how late news may be noticed that nobody told. */
  readonly maxSleepMs: number
  /** The first rest after a failure, and how long a run waits that the bus did not take. */
  readonly baseBackoffMs: number
  /** The most runs that are ever on their way to the executors. */
  readonly dispatchWindow: number
  /** How long a first dispatch is trusted. */
  readonly dispatchLeaseMs: number
  /** How long a running attempt is trusted without a heartbeat, and how often one comes. */
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly retry: { readonly baseMs: number; readonly capMs: number }
}
