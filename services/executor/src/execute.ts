import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '@cronos/bus'
import { retryDelayMs } from '@cronos/domain'
import type { Logger } from '@cronos/runtime'
import {
  type FencedKey,
  isTransient,
  nameOf,
  releaseRuns,
  type Started,
  startRuns,
} from '@cronos/store'
import { type AttemptDeps, executeAttempt, Interrupted } from './attempt.ts'
import type { ExecutorConfig } from './config.ts'
import type { Heartbeat } from './heartbeat.ts'
import { openIntake } from './intake.ts'
import type { LogWriter } from './log-writer.ts'
import type { Recorder } from './recorder.ts'

export interface ExecutionDeps extends AttemptDeps {
  /** Names this process among all executors. */
  readonly id: string
  readonly log: Logger
  readonly heartbeat: Heartbeat
  readonly recorder: Recorder
  readonly logs: LogWriter
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

interface Running {
  readonly run: Started
  readonly abort: AbortController
  readonly ended: Promise<void>
}

export function openExecution(deps: ExecutionDeps, config: ExecutorConfig): Execution {
  const { id, db, log, heartbeat, recorder, logs, tellWake } = deps
  const intake = openIntake()
  const running = new Map<string, Running>()
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {}) // it still rejects for its owner
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
      for (const { run, abort } of namedRunning(names)) {
        log.warn({ jobId: run.jobId, fence: run.fence }, 'lease lost, aborting the task')
        abort.abort(new Interrupted('lease lost', 'the lease of this attempt was lost'))
      }
    },
    cancel(names) {
      for (const { run, abort } of namedRunning(names)) {
        if (abort.signal.aborted) continue
        log.info({ jobId: run.jobId, fence: run.fence }, 'run is cancelled, aborting the task')
        abort.abort(new Interrupted('cancelled', 'the run was cancelled'))
      }
    },
    async drain() {
      draining = true
      await starting
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
        // Nothing starts without a slot: what waits here is not started in the database either.
        const batch = intake.take(Math.min(config.slots - busy, heartbeat.room))
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
    const started = await startRuns(db, events, { executor: id, leaseMs, again })
    for (const run of started) if (!running.has(nameOf(run))) begin(run)
    for (const delivery of batch) delivery.settle()
    heartbeat.countStarts(started.length)
    if (started.length < batch.length)
      log.debug({ dropped: batch.length - started.length }, 'events were duplicates or stale')
  }

  function begin(run: Started): void {
    const abort = new AbortController()
    const release = heartbeat.hold(run, run.timeoutMs)
    busy++
    heartbeat.setFree(config.slots - busy)
    const ended = executeAndRecord(run, abort).finally(() => {
      release()
      running.delete(nameOf(run))
      startWaiting()
    })
    ended.catch(broken.reject)
    running.set(nameOf(run), { run, abort, ended })
  }

  async function executeAndRecord(run: Started, abort: AbortController): Promise<void> {
    const { jobId, fence, attempt } = run
    const told = logs.open(run)
    const ended = await executeAttempt(run, abort, told, deps, config)
    busy--
    heartbeat.setFree(config.slots - busy)
    startWaiting()
    await told.end() // while the run is still this attempt's
    if (ended === null) return
    if (ended.error !== null)
      log.info({ jobId, attempt, reason: ended.error.message }, 'attempt did not succeed')
    const recorded = await recorder.record(ended)
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
        for (const { abort } of running.values())
          abort.abort(new Interrupted('stopping', 'the executor is stopping'))
        recorder.giveUp()
      },
      () => {}, // all ended before
    )
    await Promise.allSettled(Array.from(running.values(), each => each.ended))
    grace.abort()
    await abortAll
  }
}
