import type { DeadLetter, JobEvent } from '@cronos/domain'

/**
 * How a run reaches an executor. Delivery may repeat and may fail: PostgreSQL remembers, so an
 * event that was lost is dispatched again when its lease ends, and one that comes twice starts
 * nothing the second time.
 */
export interface Bus extends AsyncDisposable {
  /**
   * Events that were accepted and that no subscriber has settled, where the bus reaches only this
   * process and so knows; null where it reaches others too, and the database has to be asked.
   */
  readonly backlog: number | null
  /** Resolves when the bus has accepted all the events; rejects when it may not have. */
  publish(events: readonly JobEvent[]): Promise<void>
  /**
   * Tells the world of runs that failed for good; resolves when the bus has accepted them all. A
   * letter may be told twice: its reader tells repeats by the run. A bus that reaches only this
   * process has nobody to tell: the table of runs is the list.
   */
  publishDeadLetters(letters: readonly DeadLetter[]): Promise<void>
  /** Delivers events until the subscription is disposed of. */
  subscribe(handler: DeliveryHandler, options: SubscribeOptions): Promise<Subscription>
  /** Resolves when events can be published and are delivered now; rejects with what is wrong. */
  check(): Promise<void>
}

/**
 * Is given events as they come and answers at once; each is settled later, when its run has been
 * started or refused. It must not throw.
 */
export type DeliveryHandler = (deliveries: readonly Delivery[]) => void

export interface Delivery {
  readonly event: JobEvent
  /** The event needs no more attention: its run is started, or it was a duplicate. */
  settle(): void
}

export interface SubscribeOptions {
  /** How many unsettled deliveries the subscriber holds at most. */
  readonly maxUnsettled: number
}

/** Disposing of it takes no further events; what is unsettled will be delivered to another. */
export interface Subscription extends AsyncDisposable {
  /** Rejects with what broke the subscription for good; resolves after a stop. */
  readonly done: Promise<void>
}
