import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import {
  type Address,
  extendLeases,
  isTransient,
  nameOf,
  openPool,
  type Pool,
  reportExecutor,
} from '@cronos/store'
import { type HeldLease, type LeaseMemory, monotonicMs, readLeases } from './lease-table.ts'

/*
 * The thread that keeps this executor's leases. It has an event loop and a connection of its own,
 * so that a task which keeps the main thread busy costs no lease before its deadline.
 */

export interface HeartbeatData {
  readonly address: Address
  readonly executor: string
  readonly slots: number
  readonly tasks: readonly string[]
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly graceMs: number
  readonly leases: LeaseMemory
  /** Counters that the main thread keeps; see `Counter`. */
  readonly counters: SharedArrayBuffer
}

/** What stands where in the shared counters. */
export const Counter = { free: 0, starts: 1, pulse: 2 } as const
export const COUNTERS = 3

/** The main thread's pulse comes each second; a busy machine may hold it up. */
const SHOW_LIFE_MS = 3_000

/** What the thread tells the main thread. */
export type HeartbeatNews =
  | { readonly kind: 'lost'; readonly names: string[] }
  | { readonly kind: 'cancelled'; readonly names: string[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'beating' }

if (parentPort !== null) await beat(workerData as HeartbeatData)

async function beat(data: HeartbeatData): Promise<never> {
  const { address, heartbeatMs } = data
  const leases = readLeases(data.leases)
  const counters = new Int32Array(data.counters)
  const watch = watchMainThread(data, counters)
  await using pool = openPool({
    ...address,
    name: 'cronos-heartbeat',
    max: 1,
    plans: 'engine',
    timeoutMs: Math.min(5_000, data.leaseMs / 2),
  })
  const rate = startRate(counters)
  for (;;) {
    const begunMs = monotonicMs()
    const held = leases.held()
    watch(held)
    try {
      await extend(pool, data, leases, held)
      await reportExecutor(pool, {
        id: data.executor,
        slots: data.slots,
        free: Atomics.load(counters, Counter.free),
        tasks: data.tasks,
        startsPerSecond: rate(),
      })
      tell({ kind: 'beating' })
    } catch (error) {
      if (!isTransient(error)) throw error
      tell({ kind: 'failed', message: String(error) })
    }
    await sleep(Math.max(0, heartbeatMs - (monotonicMs() - begunMs)))
  }
}

async function extend(
  pool: Pool,
  data: HeartbeatData,
  leases: ReturnType<typeof readLeases>,
  held: readonly HeldLease[],
): Promise<void> {
  if (held.length === 0) return
  const { leaseMs, graceMs } = data
  const answered = await extendLeases(pool, held, { leaseMs, graceMs })
  const cancelled = answered.filter(lease => lease.isCancelled)
  if (cancelled.length > 0) tell({ kind: 'cancelled', names: cancelled.map(nameOf) })
  const kept = new Set(answered.map(nameOf))
  // An attempt that ended meanwhile is missing too, and no longer held.
  const lost = held.filter(lease => !kept.has(nameOf(lease)) && leases.isHeld(lease))
  if (lost.length > 0) tell({ kind: 'lost', names: lost.map(nameOf) })
}

function tell(news: HeartbeatNews): void {
  parentPort?.postMessage(news)
}

function startRate(counters: Int32Array): () => number {
  let starts = Atomics.load(counters, Counter.starts)
  let atMs = monotonicMs()
  return () => {
    const nowStarts = Atomics.load(counters, Counter.starts)
    const nowMs = monotonicMs()
    const rate = ((nowStarts - starts) * 1_000) / Math.max(1, nowMs - atMs)
    starts = nowStarts
    atMs = nowMs
    return Math.max(0, rate)
  }
}

/**
 * A task that never lets go of the event loop cannot be aborted. Past its deadline and the grace
 * its lease is not kept, so another executor goes on with the run; this process can do nothing
 * more and ends itself, for whoever supervises it to start a fresh one.
 *
 * A process that was paused as a whole looks the same to this thread when it wakes: the main thread
 * gets the time to show that it lives.
 */
function watchMainThread(data: HeartbeatData, counters: Int32Array) {
  let pulse = Atomics.load(counters, Counter.pulse)
  let pulseMs = monotonicMs()
  let suspectedMs: number | null = null
  return (held: readonly HeldLease[]) => {
    const nowMs = monotonicMs()
    const now = Atomics.load(counters, Counter.pulse)
    if (now !== pulse) {
      pulse = now
      pulseMs = nowMs
      suspectedMs = null
    }
    const blockedMs = nowMs - pulseMs
    if (blockedMs < data.heartbeatMs + data.graceMs) return
    const overdue = held.find(lease => nowMs > lease.deadlineMs + data.graceMs + data.heartbeatMs)
    if (overdue === undefined) return
    suspectedMs ??= nowMs
    if (nowMs - suspectedMs < SHOW_LIFE_MS) return
    const seconds = Math.round(blockedMs / 1_000)
    writeSync(
      2,
      `cronos executor ${data.executor}: the event loop has been blocked for ${seconds} s, ` +
        `past the deadline of a run of ${overdue.jobId}: ending this process\n`,
    )
    process.kill(process.pid, 'SIGKILL')
  }
}
