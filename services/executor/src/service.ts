import type { Bus } from '@cronos/bus'
import type { Logger, StartedService } from '@cronos/runtime'
import { type Address, type Pool, removeExecutor } from '@cronos/store'
import type { ExecutorConfig } from './config.ts'
import { openExecution } from './execute.ts'
import { startHeartbeat } from './heartbeat.ts'
import { openLogWriter } from './log-writer.ts'
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
  /** Whether it does its work: it is not stopping, and its last heartbeat went well. */
  isWorking(): boolean
}

/** Attempts that have ended and wait to be recorded, for each slot: no more are begun above it. */
const UNRECORDED_PER_SLOT = 4
/** Beside them, so that an executor of few slots and quick tasks has batches worth their commit. */
const UNRECORDED = 2_000
/** Deliveries that wait in memory at most. */
const MAX_WAITING = 2_000

/** Starts an executor: it begins what the bus announces, as far as it has free slots. */
export async function startExecutor(
  deps: ExecutorDeps,
  config: ExecutorConfig,
): Promise<StartedExecutor> {
  const { id, db, bus, log, registry, tellWake } = deps
  let stopping = false

  await using stack = new AsyncDisposableStack()
  const recorder = stack.use(startRecorder({ db, log, wakesNext: () => tellWake(0) }))
  const heartbeat = stack.use(
    await startHeartbeat(
      {
        ...{ address: deps.address, executor: id, tasks: registry.names, log },
        lost: names => execution.abandon(names),
        cancelled: names => execution.cancel(names),
      },
      config,
      config.slots * (1 + UNRECORDED_PER_SLOT) + UNRECORDED,
    ),
  )
  const logs = openLogWriter({ db, log })
  const own = { heartbeat, recorder, logs, random: Math.random }
  const execution = openExecution({ ...deps, ...own }, config)
  const subscription = await bus.subscribe(execution.take, { maxUnsettled: MAX_WAITING })
  tellWake(0) // there are free slots
  const owned = stack.move()

  const stopped = Promise.withResolvers<void>()
  const done = Promise.race([stopped.promise, execution.broken, heartbeat.done, subscription.done])
  done.catch(() => {}) // it still rejects for its owner
  return {
    name: 'executor',
    done,
    isWorking: () => !stopping && heartbeat.isBeating(),
    async [Symbol.asyncDispose]() {
      if (stopping) return
      stopping = true
      stopped.resolve()
      await subscription[Symbol.asyncDispose]()
      await execution.drain()
      await owned[Symbol.asyncDispose]()
      await removeExecutor(db, id).catch((error: unknown) => {
        log.warn({ err: error }, 'this executor stays on the list until it is forgotten')
      })
    },
  }
}
