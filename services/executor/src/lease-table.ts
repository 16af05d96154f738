import { type Fence, type Instant, jobIdOf, uuidOf } from '@cronos/domain'
import type { FencedKey } from '@cronos/store'

/*
 * The attempts that this executor runs, in memory that two threads share, so that the heartbeat
 * thread knows of each one the moment it starts, even if its task then never lets go of the event
 * loop. An entry is written by the main thread only; its sequence number is odd while it is free
 * or being written, so a reader that sees the same even number before and after read a whole entry.
 */

const ENTRY_BYTES = 64
const UUID_AT = 28
const UUID_BYTES = 36

/** The shared memory of a table; what is handed to the heartbeat thread. */
export type LeaseMemory = SharedArrayBuffer

export interface Lease extends FencedKey {
  /** When the attempt's time is up, on the clock of `monotonicMs`. */
  readonly deadlineMs: number
}

export interface HeldLease extends Lease {
  readonly index: number
  readonly sequence: number
}

/** Milliseconds of a clock that never goes back and is the same in all threads of the process. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

export function allocateLeases(capacity: number): LeaseMemory {
  const memory = new SharedArrayBuffer(capacity * ENTRY_BYTES)
  const view = new Int32Array(memory)
  for (let index = 0; index < capacity; index++) view[(index * ENTRY_BYTES) / 4] = 1
  return memory
}

/** The main thread's end: puts attempts in and takes them out. */
export function writeLeases(memory: LeaseMemory) {
  const sequences = new Int32Array(memory)
  const bytes = new Uint8Array(memory)
  const numbers = new DataView(memory)
  const free = Array.from({ length: memory.byteLength / ENTRY_BYTES }, (_, index) => index)

  return {
    /** How many more fit. */
    get room() {
      return free.length
    },
    /**
     * @param deadlineMs on the clock of `monotonicMs`
     * @returns the entry's index, for `drop`
     */
    hold(attempt: FencedKey, deadlineMs: number): number {
      const index = free.pop()
      if (index === undefined) throw new RangeError('the lease table is full')
      const at = index * ENTRY_BYTES
      numbers.setFloat64(at + 4, attempt.scheduledAt)
      numbers.setFloat64(at + 12, attempt.fence)
      numbers.setFloat64(at + 20, deadlineMs)
      const uuid = uuidOf(attempt.jobId)
      for (let n = 0; n < UUID_BYTES; n++) bytes[at + UUID_AT + n] = uuid.charCodeAt(n)
      Atomics.add(sequences, at / 4, 1)
      return index
    },
    drop(index: number): void {
      Atomics.add(sequences, (index * ENTRY_BYTES) / 4, 1)
      free.push(index)
    },
  }
}

/** The heartbeat thread's end: reads what is held now. */
export function readLeases(memory: LeaseMemory) {
  const sequences = new Int32Array(memory)
  const bytes = new Uint8Array(memory)
  const numbers = new DataView(memory)
  const decoder = new TextDecoder()
  const capacity = memory.byteLength / ENTRY_BYTES

  const sequenceOf = (index: number) => Atomics.load(sequences, (index * ENTRY_BYTES) / 4)
  return {
    held(): HeldLease[] {
      const leases: HeldLease[] = []
      for (let index = 0; index < capacity; index++) {
        const sequence = sequenceOf(index)
        if (sequence % 2 !== 0) continue
        const at = index * ENTRY_BYTES
        const lease = {
          index,
          sequence,
          jobId: jobIdOf(decoder.decode(bytes.slice(at + UUID_AT, at + UUID_AT + UUID_BYTES))),
          scheduledAt: numbers.getFloat64(at + 4) as Instant,
          fence: numbers.getFloat64(at + 12) as Fence,
          deadlineMs: numbers.getFloat64(at + 20),
        }
        if (sequenceOf(index) === sequence) leases.push(lease)
      }
      return leases
    },
    isHeld: (lease: HeldLease) => sequenceOf(lease.index) === lease.sequence,
  }
}
