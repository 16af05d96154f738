/**
 * What was taken from one partition and is not settled yet, and how far the partition may therefore
 * be committed: up to the first event that is not settled, never past it.
 */
export interface PartitionOffsets {
  /** Notes an event down. False for one that is known already: the reader has gone back. */
  take(offset: number): boolean
  /** In any order; twice is once. */
  settle(offset: number): void
  /** The offset of the next event that whoever reads the partition after us must get. */
  readonly position: number | null
}

export function partitionOffsets(): PartitionOffsets {
  const unsettled = new Set<number>() // in the order of offsets, since they only grow
  let next: number | null = null

  return {
    take(offset) {
      if (next !== null && offset < next) return false
      next = offset + 1
      unsettled.add(offset)
      return true
    },
    settle(offset) {
      unsettled.delete(offset)
    },
    get position() {
      const first = unsettled.values().next()
      return first.done ? next : first.value
    },
  }
}
