import type { Bus } from '@cronos/bus'
import { type Logger, type StartedService, startLoop } from '@cronos/runtime'
import {
  hasSeveralOwners,
  isTransient,
  listenForWakes,
  type Pool,
  readCapacity,
} from '@cronos/store'
import { watchAbsence } from './absence.ts'
import type { SchedulerConfig } from './config.ts'
import { startDeadLetters } from './dead-letters.ts'
import { openFairness } from './fairness.ts'
import { openLowWater } from './low-water.ts'
import { startRetention } from './retention.ts'
import { openSends } from './sends.ts'
import { tick } from './tick.ts'
import { dispatchWindow } from './window.ts'

export interface SchedulerDeps {
  readonly db: Pool
  readonly bus: Bus
  readonly log: Logger
  /** The one executor that the bus reaches, or null where it reaches all. */
  readonly onlyExecutor: string | null
}

export interface StartedScheduler extends StartedService {
  /** Whether it does its work: its last turn went well and was not long ago. */
  isWorking(): boolean
}

/** An executor that was not heard of for this many heartbeats is not counted on. */
const HEARTBEATS_TO_LIVE = 5
/** Claims whose events are on their way to the bus at the same time at most. */
const MOST_SENDS = 4
/** Beside one heartbeat, how long executors get to report after the scheduler was away. */
const REPORT_MS = 2_000

/**
 * Starts a scheduler. Any number of them run on one database; none leads.
 */
export function startScheduler(deps: SchedulerDeps, config: SchedulerConfig): StartedScheduler {
  const { db, bus, log, onlyExecutor } = deps
  const clock = () => performance.now()
  const owners = watchOwners(db)
  const limit = config.runningPerOwner ?? Number.POSITIVE_INFINITY
  const fairness = openFairness(clock, limit, owners.areSeveral)
  const window = dispatchWindow(
    async () => {
      await owners.look()
      const capacity = await readCapacity(db, {
        leaseMs: Math.max(config.leaseMs, config.dispatchLeaseMs),
        aliveMs: config.heartbeatMs * HEARTBEATS_TO_LIVE,
        only: onlyExecutor,
      })
      return { ...capacity, dispatched: bus.backlog ?? capacity.dispatched }
    },
    clock,
    config.dispatchWindow,
    fairness,
  )
  const absence = watchAbsence(clock, config.heartbeatMs + REPORT_MS)
  const tzdata = process.versions['tz'] ?? 'unknown'
  const lowWater = openLowWater(clock)
  const sends = openSends(MOST_SENDS)
  const tickDeps = { db, bus, log, window, fairness, lowWater, sends, tzdata, random: Math.random }
  let failing = false

  const loop = startLoop({
    name: 'scheduler',
    log,
    isTransient,
    baseRestMs: config.baseBackoffMs,
    maxRestMs: config.maxSleepMs,
    async turn() {
      absence.turnBegins()
      try {
        const takeOver = absence.isOver()
        const restMs = await tick(tickDeps, config, takeOver)
        failing = false
        // Leases that were left alone are looked at as soon as that is allowed.
        return absence.turnEnds(takeOver ? restMs : Math.min(restMs, absence.endsInMs()))
      } catch (error) {
        failing = true
        absence.wasAway()
        lowWater.forget()
        throw error
      }
    },
  })
  const listener = startListener({ db, log, wake: loop.wake, lost: absence.wasAway }, config)
  const deadLetters = startDeadLetters({ db, bus, log }, config)
  const retention = startRetention({ db, log }, config)

  return {
    name: loop.name,
    done: Promise.race([loop.done, listener.done, deadLetters.done, retention.done]),
    isWorking: () => !failing,
    async [Symbol.asyncDispose]() {
      await retention[Symbol.asyncDispose]()
      await deadLetters[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await loop[Symbol.asyncDispose]()
      await sends[Symbol.asyncDispose]()
    },
  }
}

/** Knows whether there is more than one owner. Once there is, it is taken to stay so. */
function watchOwners(db: Pool) {
  let several = false
  return {
    areSeveral: () => several,
    async look() {
      several ||= await hasSeveralOwners(db)
    },
  }
}

interface ListenerDeps {
  readonly db: Pool
  readonly log: Logger
  readonly wake: () => void
  readonly lost: () => void
}

/**
 * Keeps a connection that hears of runs that become due, and wakes the scheduler for them. After a
 * reconnect it wakes it at once: what was told meanwhile is not known.
 */
function startListener({ db, log, wake, lost }: ListenerDeps, config: SchedulerConfig) {
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY

  const loop = startLoop({
    name: 'scheduler wake-ups',
    log,
    isTransient,
    baseRestMs: config.baseBackoffMs,
    maxRestMs: config.maxSleepMs,
    async turn(signal) {
      await using connection = await db.connect()
      await listenForWakes(connection, wakeIn)
      wake()
      await Promise.race([connection.closed, aborted(signal)])
      if (signal.aborted) return 0
      lost()
      log.warn('connection for wake-ups was lost, connecting again')
      return config.baseBackoffMs
    },
  })

  function wakeIn(ms: number): void {
    const at = performance.now() + ms
    if (at >= timerAt) return // the earlier turn finds what comes after it
    clearTimeout(timer)
    timerAt = at
    if (ms === 0) fire()
    else timer = setTimeout(fire, Math.min(ms, config.maxSleepMs))
  }

  function fire(): void {
    timerAt = Number.POSITIVE_INFINITY
    wake()
  }

  return {
    done: loop.done,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      clearTimeout(timer)
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
