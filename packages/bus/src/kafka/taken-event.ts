import type { JobEvent } from '@cronos/domain'
import type { Delivery } from '../bus.ts'
import type { PartitionOffsets } from './offsets.ts'

/** An event that was taken from a partition: one object, as there are so many. */
export class TakenEvent implements Delivery {
  readonly event: JobEvent
  readonly #offset: number
  readonly #offsets: PartitionOffsets
  readonly #settled: () => void
  #isSettled = false

  /** @param settled is called once, when it is settled for the first time */
  constructor(event: JobEvent, offset: number, offsets: PartitionOffsets, settled: () => void) {
    this.event = event
    this.#offset = offset
    this.#offsets = offsets
    this.#settled = settled
  }

  settle(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#offsets.settle(this.#offset)
    this.#settled()
  }
}
