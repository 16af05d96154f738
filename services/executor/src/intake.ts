import type { Delivery } from '@cronos/bus'
import { runIdOf } from '@cronos/domain'

/** Deliveries that wait for a free slot, one for each run. */
export interface Intake {
  readonly size: number
  /** Takes deliveries in; an older one of the same run is settled, as it can start nothing. */
  add(deliveries: readonly Delivery[]): void
  /** Takes the first ones out. */
  take(count: number): Delivery[]
  /** Takes the last ones out that may go. */
  takeLast(count: number, mayGo: (delivery: Delivery) => boolean): Delivery[]
  /** Puts back what could not be started yet. */
  putBack(deliveries: readonly Delivery[]): void
}

export function openIntake(): Intake {
  const waiting = new Map<string, Delivery>()

  const put = (delivery: Delivery) => {
    const key = runIdOf(delivery.event)
    const other = waiting.get(key)
    if (other === undefined) {
      waiting.set(key, delivery)
    } else if (isNewer(delivery, other)) {
      waiting.set(key, delivery)
      other.settle()
    } else {
      delivery.settle()
    }
  }
  return {
    get size() {
      return waiting.size
    },
    add(deliveries) {
      for (const delivery of deliveries) put(delivery)
    },
    take(count) {
      const taken = [...waiting.entries().take(count)]
      for (const [key] of taken) waiting.delete(key)
      return taken.map(([, delivery]) => delivery)
    },
    takeLast(count, mayGo) {
      const going = [...waiting].filter(([, delivery]) => mayGo(delivery))
      const last = going.slice(Math.max(0, going.length - count))
      for (const [key] of last) waiting.delete(key)
      return last.map(([, delivery]) => delivery)
    },
    putBack(deliveries) {
      for (const delivery of deliveries) put(delivery)
    },
  }
}

function isNewer({ event }: Delivery, { event: other }: Delivery): boolean {
  return (event.fence ?? 0) > (other.fence ?? 0)
}
