import { type BatchNumbers, type RecordSet, UNNUMBERED } from './record-set.ts'

/** Numbers batches, so that one that is sent again is stored once. */
export interface Sequences {
  /**
   * The numbers of this set for this producer: the same whenever they are asked for. The sets of a
   * partition have to be asked for in the order in which they are sent.
   *
   * @param producer -1 where nothing is numbered
   */
  numbersOf(set: RecordSet, partition: string, producer: ProducerIdentity): BatchNumbers
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Behind this one comes 0. */
const LAST = 0x7fff_ffff

export function openSequences(): Sequences {
  let current: ProducerIdentity | undefined
  let next = new Map<string, number>()
  let known = new WeakMap<RecordSet, BatchNumbers>()

  return {
    numbersOf(set, partition, { producerId, producerEpoch }) {
      if (producerId < 0n) return UNNUMBERED
      if (current?.producerId !== producerId || current.producerEpoch !== producerEpoch) {
        // The broker has forgotten the producer, or never knew it: its numbers begin anew.
        current = { producerId, producerEpoch }
        next = new Map()
        known = new WeakMap()
      }
      const given = known.get(set)
      if (given !== undefined) return given
      const sequence = next.get(partition) ?? 0
      const numbers = { producerId, producerEpoch, sequence }
      known.set(set, numbers)
      next.set(partition, after(sequence, set.count))
      return numbers
    },
  }
}

function after(sequence: number, count: number): number {
  const left = LAST - sequence
  return count > left ? count - left - 1 : sequence + count
}
