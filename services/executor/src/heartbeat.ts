import { Worker } from 'node:worker_threads'
import type { Logger } from '@cronos/runtime'
import type { Address, FencedKey } from '@cronos/store'
import type { ExecutorConfig } from './config.ts'
import { COUNTERS, Counter, type HeartbeatData, type HeartbeatNews } from './heartbeat-thread.ts'
import { allocateLeases, monotonicMs, writeLeases } from './lease-table.ts'

/** Keeps the leases of running attempts, from a thread of its own. */
export interface Heartbeat extends AsyncDisposable {
  /** How many more attempts can be held. */
  readonly room: number
  /** Keeps the lease until it is dropped, by the number that is answered. */
  hold(attempt: FencedKey, timeoutMs: number): number
  drop(lease: number): void
  setFree(slots: number): void
  countStarts(starts: number): void
  /** Whether the last heartbeat went well. */
  isBeating(): boolean
  /** Rejects when the thread broke. */
  readonly done: Promise<void>
}

export interface HeartbeatOptions {
  readonly address: Address
  readonly executor: string
  readonly tasks: readonly string[]
  readonly log: Logger
  /** Is told the names of attempts whose lease somebody else has now. */
  readonly lost: (names: readonly string[]) => void
  /** Is told the names of attempts whose runs somebody asked to cancel, with each heartbeat. */
  readonly cancelled: (names: readonly string[]) => void
}

/** How often the main thread shows that its event loop turns, in milliseconds. */
const PULSE_MS = 1_000

/** Resolves when the first heartbeat has told the schedulers that this executor is there. */
export async function startHeartbeat(
  options: HeartbeatOptions,
  config: ExecutorConfig,
  capacity: number,
): Promise<Heartbeat> {
  const { address, executor, tasks, log } = options
  const memory = allocateLeases(capacity)
  const leases = writeLeases(memory)
  const shared = new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT)
  const counters = new Int32Array(shared)
  Atomics.store(counters, Counter.free, config.slots)
  const { slots, leaseMs, heartbeatMs, graceMs } = config
  const workerData: HeartbeatData = {
    ...{ address, executor, slots, tasks, leaseMs, heartbeatMs, graceMs },
    leases: memory,
    counters: shared,
  }
  const thread = new Worker(new URL('./heartbeat-thread.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  const pulse = setInterval(() => Atomics.add(counters, Counter.pulse, 1), PULSE_MS)
  const first = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {}) // `done` is for its owner
  let beating = false
  let stopping = false

  thread.on('message', (news: HeartbeatNews) => {
    if (news.kind === 'lost') options.lost(news.names)
    if (news.kind === 'cancelled') options.cancelled(news.names)
    if (news.kind === 'failed' && beating) log.warn({ reason: news.message }, 'heartbeat failed')
    if (news.kind === 'failed' || news.kind === 'beating') beating = news.kind === 'beating'
    if (beating) first.resolve()
  })
  thread.on('error', cause => {
    ended.reject(new Error('the heartbeat thread broke', { cause }))
    first.reject(cause)
  })
  thread.on('exit', code => {
    if (stopping) ended.resolve()
    else ended.reject(new Error(`the heartbeat thread ended with code ${code}`))
  })

  const stop = async () => {
    stopping = true
    clearInterval(pulse)
    await thread.terminate()
  }
  try {
    await first.promise
  } catch (error) {
    await stop()
    throw error
  }
  return {
    get room() {
      return leases.room
    },
    hold: (attempt, timeoutMs) => leases.hold(attempt, monotonicMs() + timeoutMs),
    drop: lease => leases.drop(lease),
    setFree: free => Atomics.store(counters, Counter.free, free),
    countStarts: starts => Atomics.add(counters, Counter.starts, starts),
    isBeating: () => beating,
    done: ended.promise,
    [Symbol.asyncDispose]: stop,
  }
}
