import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '@cronos/bus'
import { type JobEvent, retryDelayMs, runIdOf } from '@cronos/domain'
import type { Logger } from '@cronos/runtime'
import {
  type Ended,
  type FencedKey,
  isTransient,
  nameOf,
  releaseRuns,
  type Started,
  startRuns,
} from '@cronos/store'
import { type AttemptDeps, executeAttempt, handBack } from './attempt.ts'
import type { ExecutorConfig } from './config.ts'
import { AttemptContext, type Traced } from './context.ts'
import { openHandOver } from './hand-over.ts'
import type { Heartbeat } from './heartbeat.ts'
import { openIntake } from './intake.ts'
import { Interrupt, Interrupted } from './interrupt.ts'
import type { LogWriter } from './log-writer.ts'
import { openPace } from './pace.ts'
import type { Recorder } from './recorder.ts'
import type { TaskTools } from './tools.ts'

export interface ExecutionDeps extends AttemptDeps {
  /** Names this process among all executors. */
  readonly id: string
  readonly log: Logger
  readonly heartbeat: Heartbeat
  readonly recorder: Recorder
  readonly logs: LogWriter
  readonly tools: TaskTools
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

/** Runs what the bus announces: from an event to a recorded attempt. */
export interface Execution {
  /** Takes events in; each is settled when its run is started in the database, or refused there. */
  take(deliveries: readonly Delivery[]): void
  /** Aborts the attempts of these names: somebody else has their leases now. */
  abandon(names: readonly string[]): void
  /** Aborts the attempts of these names: somebody asked to cancel their runs. */
  cancel(names: readonly string[]): void
  /** Begins nothing more, hands back what has not begun, and lets what runs end within the grace. */
  drain(): Promise<void>
  /** Rejects with what broke it. */
  readonly broken: Promise<never>
}

const START_REST = { baseMs: 100, capMs: 2_000 }

/** What was started ahead of a slot and gets none for so long goes back, in milliseconds. */
const LONGEST_WAIT_MS = 100

/**
 * A run that has lost so many executors may be what ends them: no two such runs go on beside each
 * other, so that those which were only its neighbours outlive it.
 */
const SUSPECT_AFTER_LOST = 2

/** How long a suspect that has to wait for another rests at least, in milliseconds; up to twice. */
const SUSPECT_REST_MS = 2_000

/** An attempt that the database holds for RUNNING here. */
interface Running {
  readonly run: Traced
  readonly name: string
  readonly startedMs: number
  readonly interrupt: Interrupt
  /** Its number at the heartbeat. */
  readonly lease: number
  /** Whether its task is under way, in a slot. */
  hasSlot: boolean
  deadline: NodeJS.Timeout | undefined
  /** Resolves when it is on record; null before it has a slot. */
  ended: Promise<void> | null
}

export function openExecution(deps: ExecutionDeps, config: ExecutorConfig): Execution {
  const { id, db, log, heartbeat, recorder, tellWake } = deps
  const intake = openIntake()
  const pace = openPace(() => performance.now())
  const running = new Map<string, Running>()
  /** Those of them that have no slot yet, in their order. */
  let slotless: Running[] = []
  /** Those whose task was begun in this turn of the event loop: most end in the same. */
  let fresh: Running[] = []
  let impatience: NodeJS.Timeout | undefined
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {}) // it still rejects for its owner
  const handOver = openHandOver({ id, db, log, intake, tellWake, broken: broken.reject }, config)
  let draining = false
  let isStarting = false
  let starting = Promise.resolve()
  /** Slots that tasks hold. An attempt that has ended and waits to be recorded holds none. */
  let busy = 0

  return {
    broken: broken.promise,
    take(deliveries) {
      intake.add(deliveries)
      startWaiting()
    },
    abandon(names) {
      for (const attempt of namedRunning(names)) {
        const { run, interrupt } = attempt
        log.warn({ jobId: run.jobId, fence: run.fence }, 'lease lost, aborting the task')
        interrupt.abort(new Interrupted('lease lost', 'the lease of this attempt was lost'))
        if (attempt.ended !== null) continue
        slotless = slotless.filter(each => each !== attempt)
        forget(attempt)
      }
    },
    cancel(names) {
      for (const { run, interrupt } of namedRunning(names)) {
        if (interrupt.reason !== null) continue
        log.info({ jobId: run.jobId, fence: run.fence }, 'run is cancelled, aborting the task')
        interrupt.abort(new Interrupted('cancelled', 'the run was cancelled'))
      }
    },
    async drain() {
      draining = true
      await starting
      await handOver.stop()
      handBackSlotless(0)
      await handBackWaiting()
      await endRunning()
    },
  }

  function namedRunning(names: readonly string[]): Running[] {
    return names.map(name => running.get(name)).filter(each => each !== undefined)
  }

  /** One call of the database at a time: what comes meanwhile makes the next batch. */
  function startWaiting(): void {
    if (isStarting || draining) return
    isStarting = true
    starting = startBatches()
    starting.catch(broken.reject)
  }

  async function startBatches(): Promise<void> {
    let failures = 0
    try {
      while (!draining) {
        // What gets no slot soon is not started in the database either.
        const slots = config.slots - busy - slotless.length
        if (intake.size === 0) return
        if (slots <= 0) return handOver.consider()
        const batch = intake.take(Math.min(slots + pace.ahead(), heartbeat.room))
        if (batch.length === 0) return
        try {
          await startBatch(batch, failures > 0)
          failures = 0
        } catch (error) {
          intake.putBack(batch)
          if (!isTransient(error)) throw error
          const restMs = retryDelayMs(START_REST, ++failures, Math.random())
          log.warn({ err: error, runs: batch.length, restMs }, 'runs not started, trying again')
          await sleep(restMs)
        }
      }
    } finally {
      isStarting = false // at once, so that a slot that becomes free now is not overlooked
    }
  }

  async function startBatch(batch: readonly Delivery[], again: boolean): Promise<void> {
    const { leaseMs } = config
    const events = batch.map(delivery => delivery.event)
    const askedMs = performance.now()
    const started = await startRuns(db, events, { executor: id, leaseMs, again })
    const startedMs = performance.now()
    pace.started(startedMs - askedMs)
    const traces = tracesOf(events)
    for (const run of started) hold(traces === null ? run : traced(run, traces), startedMs)
    for (const delivery of batch) delivery.settle()
    heartbeat.countStarts(started.length)
    beginSlotless()
    if (started.length < batch.length)
      log.debug({ dropped: batch.length - started.length }, 'events were duplicates or stale')
  }

  function hold(run: Traced, startedMs: number): void {
    const name = nameOf(run)
    if (running.has(name)) return
    const attempt: Running = {
      run,
      name,
      startedMs,
      interrupt: new Interrupt(),
      lease: heartbeat.hold(run, run.timeoutMs),
      hasSlot: false,
      deadline: undefined,
      ended: null,
    }
    running.set(name, attempt)
    slotless.push(attempt)
  }

  function forget(attempt: Running): void {
    heartbeat.drop(attempt.lease)
    running.delete(attempt.name)
    startWaiting()
  }

  function beginSlotless(): void {
    while (busy < config.slots) {
      const next = takeNext()
      if (next === undefined) break
      begin(next)
    }
    if (slotless.length > 0 && impatience === undefined)
      impatience = setTimeout(() => {
        impatience = undefined
        handBackSlotless(LONGEST_WAIT_MS)
        beginSlotless()
      }, LONGEST_WAIT_MS)
  }

  /** The first that may begin; a suspect only while no other one has a slot. */
  function takeNext(): Running | undefined {
    const first = slotless[0]
    if (first === undefined || !isSuspect(first)) return slotless.shift()
    const isOneGoing = running.values().some(each => each.hasSlot && isSuspect(each))
    const index = isOneGoing ? slotless.findIndex(each => !isSuspect(each)) : 0
    return index === -1 ? undefined : slotless.splice(index, 1)[0]
  }

  /** Tasks that were quick have become slow: others may have slots for what was started ahead. */
  function handBackSlotless(afterMs: number): void {
    const before = performance.now() - afterMs
    const late = slotless.filter(each => each.startedMs <= before)
    slotless = slotless.filter(each => each.startedMs > before)
    for (const attempt of late) {
      const rests = isSuspect(attempt) && !draining
      const restMs = rests ? SUSPECT_REST_MS * (1 + Math.random()) : 0
      attempt.ended = owned(attempt, record(handBack(attempt.run, restMs)))
    }
  }

  function begin(attempt: Running): void {
    busy++
    attempt.hasSlot = true
    heartbeat.setFree(config.slots - busy)
    if (fresh.push(attempt) === 1) setImmediate(setDeadlines)
    attempt.ended = owned(attempt, executeAndRecord(attempt))
  }

  /** What goes wrong beyond the attempt itself breaks the executor. */
  async function owned(attempt: Running, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      broken.reject(error)
    } finally {
      forget(attempt)
    }
  }

  function setDeadlines(): void {
    for (const attempt of fresh) {
      const { run, interrupt } = attempt
      if (!attempt.hasSlot) continue
      attempt.deadline = setTimeout(
        () => interrupt.abort(new Interrupted('timeout', `timed out after ${run.timeoutMs} ms`)),
        run.timeoutMs,
      )
    }
    fresh = []
  }

  async function executeAndRecord(attempt: Running): Promise<void> {
    const { run, interrupt } = attempt
    const context = new AttemptContext(run, interrupt, attempt.startedMs, deps)
    const ended = await executeAttempt(run, interrupt, context, deps, config)
    clearTimeout(attempt.deadline)
    attempt.hasSlot = false
    busy--
    heartbeat.setFree(config.slots - busy)
    pace.ended()
    handOver.ended()
    beginSlotless()
    startWaiting()
    const written = context.end()
    if (written !== null) await written // while the run is still this attempt's
    if (ended === null) return
    if (ended.error !== null)
      log.info(
        { jobId: run.jobId, attempt: run.attempt, reason: ended.error.message },
        'attempt did not succeed',
      )
    await record(ended)
  }

  async function record(ended: Ended): Promise<void> {
    const recorded = await recorder.record(ended)
    const { jobId, fence } = ended
    if (recorded !== 'recorded') log.warn({ jobId, fence, recorded }, 'result was not recorded')
    else if (ended.next.status === 'PENDING') tellWake(ended.next.delayMs)
  }

  /** What has not begun is due again at once, for another executor. */
  async function handBackWaiting(): Promise<void> {
    const events = intake.take(Number.POSITIVE_INFINITY).map(delivery => delivery.event)
    const fenced = events.filter((event): event is typeof event & FencedKey => event.fence !== null)
    try {
      if ((await releaseRuns(db, fenced, 0)) > 0) tellWake(0)
    } catch (error) {
      log.warn({ err: error, runs: fenced.length }, 'runs not handed back, their leases will end')
    }
  }

  /** Attempts that are still running when the grace is over are aborted and handed back. */
  async function endRunning(): Promise<void> {
    const grace = new AbortController()
    const abortAll = sleep(config.graceMs, undefined, { signal: grace.signal }).then(
      () => {
        for (const { interrupt } of running.values())
          interrupt.abort(new Interrupted('stopping', 'the executor is stopping'))
        recorder.giveUp()
      },
      () => {}, // all ended before
    )
    await Promise.all(Array.from(running.values(), each => each.ended))
    grace.abort()
    await abortAll
  }
}

function isSuspect({ run }: Running): boolean {
  return run.lost >= SUSPECT_AFTER_LOST
}

/** Trace contexts by run; null where no event carries one, as mostly. */
function tracesOf(events: readonly JobEvent[]): Map<string, string> | null {
  const traced = events.filter(event => event.traceparent !== undefined)
  if (traced.length === 0) return null
  return new Map(traced.map(event => [runIdOf(event), event.traceparent!]))
}

function traced(run: Started, traces: ReadonlyMap<string, string>): Traced {
  const traceparent = traces.get(runIdOf(run))
  return traceparent === undefined ? run : { ...run, traceparent }
}
