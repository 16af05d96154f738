/** What an executor runs by. Durations in milliseconds. */
export interface ExecutorConfig {
  /** Attempts that run at the same time at most. */
  readonly slots: number
  /** How long a running attempt is trusted without a heartbeat. */
  readonly leaseMs: number
  readonly heartbeatMs: number
  /** How long running attempts get to end when the executor stops, and tasks that were aborted. */
  readonly graceMs: number
  readonly retry: { readonly baseMs: number; readonly capMs: number }
}
