import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, Delivery } from '@cronos/bus'
import { retryDelayMs } from '@cronos/domain'
import type { StartedService } from '@cronos/runtime'
import {
  type Address,
  type FencedKey,
  isTransient,
  nameOf,
  type Pool,
  releaseRuns,
  removeExecutor,
  type Started,
  startRuns,
} from '@cronos/store'
import type { Logger } from 'pino'
import type { ExecutorConfig } from './config.ts'
import { executeAttempt, Interrupted } from './execute.ts'
import { startHeartbeat } from './heartbeat.ts'
import { openIntake } from './intake.ts'
import { startRecorder } from './recorder.ts'
import type { Registry } from './registry.ts'
import type { TaskTools } from './tools.ts'

export interface ExecutorDeps {
  /** Names this process among all executors, now and ever. */
  readonly id: string
  readonly db: Pool
  /** The same database, for the heartbeat's own connection. */
  readonly address: Address
  readonly bus: Bus
  readonly log: Logger
  readonly registry: Registry
  readonly tools: TaskTools
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

export interface StartedExecutor extends StartedService {
  /** Whether it does its work: it is subscribed, and its last heartbeat went well. */
  isWorking(): boolean
}

/** Attempts that have ended and wait to be recorded, for each slot: no more are begun above it. */
const UNRECORDED_PER_SLOT = 4
/** Deliveries that wait in memory at most. */
const MAX_WAITING = 2_000
const START_REST = { baseMs: 100, capMs: 2_000 }

interface Running {
  readonly run: Started
  readonly abort: AbortController
  readonly ended: Promise<void>
}

/** Starts an executor: it begins what the bus announces, as far as it has free slots. */
export async function startExecutor(
  deps: ExecutorDeps,
  config: ExecutorConfig,
): Promise<StartedExecutor> {
  const { id, db, bus, log, registry } = deps
  const running = new Map<string, Running>()
  const intake = openIntake()
  const broken = Promise.withResolvers<void>()
  broken.promise.catch(() => {}) // `done` is for its owner
  let stopping = false
  let starting = Promise.resolve()
  let isStarting = false
  let busy = 0

  await using stack = new AsyncDisposableStack()
  const recorder = stack.use(startRecorder({ db, log }))
  const heartbeat = stack.use(
    await startHeartbeat(
      { address: deps.address, executor: id, tasks: registry.names, log, lost: loseLeases },
      config,
      config.slots * (1 + UNRECORDED_PER_SLOT),
    ),
  )
  const subscription = await bus.subscribe(
    deliveries => {
      intake.add(deliveries)
      startWaiting()
    },
    { maxUnsettled: MAX_WAITING },
  )
  deps.tellWake(0)
  for (const part of [heartbeat.done, subscription.done]) part.catch(broken.reject)
  const owned = stack.move()

  return {
    name: 'executor',
    done: broken.promise,
    isWorking: () => !stopping && heartbeat.isBeating(),
    async [Symbol.asyncDispose]() {
      if (stopping) return
      stopping = true
      await subscription[Symbol.asyncDispose]()
      await starting
      await handBackWaiting()
      await drain()
      await owned[Symbol.asyncDispose]()
      await removeExecutor(db, id).catch((error: unknown) => {
        log.warn({ err: error }, 'this executor stays on the list until it is forgotten')
      })
      broken.resolve()
    },
  }

  /** One call of the database at a time: what comes meanwhile makes the next batch. */
  function startWaiting(): void {
    if (isStarting || stopping) return
    isStarting = true
    starting = startBatches()
      .catch(broken.reject)
      .finally(() => {
        isStarting = false
      })
  }

  async function startBatches(): Promise<void> {
    let failures = 0
    while (!stopping) {
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
    const ended = attempt(run, abort).finally(() => {
      release()
      running.delete(nameOf(run))
      startWaiting()
    })
    ended.catch(broken.reject)
    running.set(nameOf(run), { run, abort, ended })
  }

  async function attempt(run: Started, abort: AbortController): Promise<void> {
    const ended = await executeAttempt(run, abort, { ...deps, random: Math.random }, config)
    busy--
    heartbeat.setFree(config.slots - busy)
    startWaiting()
    if (ended === null) return
    const recorded = await recorder.record(ended)
    if (recorded !== 'recorded')
      log.warn({ jobId: run.jobId, fence: run.fence, recorded }, 'result was not recorded')
    else if (ended.next.status === 'PENDING') deps.tellWake(ended.next.delayMs)
    if (ended.error !== null)
      log.info(
        { jobId: run.jobId, attempt: run.attempt, error: ended.error.message },
        'attempt failed',
      )
  }

  function loseLeases(names: readonly string[]): void {
    for (const name of names) {
      const lost = running.get(name)
      if (lost === undefined) continue
      log.warn(
        { jobId: lost.run.jobId, fence: lost.run.fence },
        'lease was lost, aborting the task',
      )
      lost.abort.abort(new Interrupted('lease lost', 'the lease of this attempt was lost'))
    }
  }

  /** What has not begun is due again at once, for another executor. */
  async function handBackWaiting(): Promise<void> {
    const events = intake.take(Number.POSITIVE_INFINITY).map(delivery => delivery.event)
    const fenced = events.filter((event): event is typeof event & FencedKey => event.fence !== null)
    try {
      if ((await releaseRuns(db, fenced, 0)) > 0) deps.tellWake(0)
    } catch (error) {
      log.warn(
        { err: error, runs: fenced.length },
        'waiting runs not handed back, their leases will end',
      )
    }
  }

  /** Lets running attempts end; after the grace they are aborted and handed back. */
  async function drain(): Promise<void> {
    const ended = () => Promise.allSettled(Array.from(running.values(), each => each.ended))
    const grace = new AbortController()
    const timer = sleep(config.graceMs, undefined, { signal: grace.signal }).then(
      () => {
        for (const { abort } of running.values())
          abort.abort(new Interrupted('stopping', 'the executor is stopping'))
        recorder.giveUp()
      },
      () => {}, // all ended before
    )
    await ended()
    grace.abort()
    await timer
  }
}
