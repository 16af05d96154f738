import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, openEmbeddedBus } from '@cronos/bus'
import { defineTask, registryOf, startExecutor, type TaskTools } from '@cronos/executor-service'
import { startScheduler } from '@cronos/scheduler-service'
import { type Address, openPool, openWakeTeller } from '@cronos/store'
import { pino } from 'pino'
import { Type } from 'typebox'

/*
 * A process with a scheduler and an executor, for tests that kill it. It is told what to do by its
 * one argument, as JSON, and says on its IPC channel what its tasks do.
 */

export interface EngineProcessOptions {
  readonly id: string
  readonly address: Address
  /** What goes wrong: `die before publish` ends the process between a claim and its publish. */
  readonly fault?: 'die before publish'
  readonly leaseMs: number
  readonly heartbeatMs: number
  readonly graceMs: number
}

/** What the process says. */
export type EngineProcessNews =
  | { readonly kind: 'up' }
  | { readonly kind: 'begun'; readonly runId: string; readonly attempt: number }
  | { readonly kind: 'ended'; readonly runId: string; readonly attempt: number }

if (process.send !== undefined) await run(JSON.parse(process.argv[2]!) as EngineProcessOptions)

async function run(options: EngineProcessOptions): Promise<void> {
  const { id, address, leaseMs, heartbeatMs, graceMs } = options
  const log = pino({ level: process.env['CRONOS_TEST_LOG'] ?? 'silent' }, pino.destination(2))
  const db = openPool({ ...address, name: id, max: 5, plans: 'engine' })
  const bus = withFault(openEmbeddedBus(), options.fault)
  const teller = openWakeTeller(db, { horizonMs: 30_000, onError: error => log.warn(error) })
  const retry = { baseMs: 50, capMs: 200 }
  const executor = await startExecutor(
    {
      ...{ id, db, address, bus, log, tellWake: teller.tell },
      registry: registryOf(tasks()),
      tools: {} as TaskTools,
    },
    { slots: 20, leaseMs, heartbeatMs, graceMs, retry },
  )
  const scheduler = startScheduler(
    { db, bus, log, onlyExecutor: id },
    {
      ...{ batchSize: 500, maxSleepMs: 1_000, baseBackoffMs: 50, dispatchWindow: 1_000 },
      retention: { succeededMs: 1e9, failedMs: 1e9, cancelledMs: 1e9, skippedMs: 1e9 },
      ...{ dispatchLeaseMs: 2_000, misfireAfterMs: 60_000, leaseMs, heartbeatMs, retry },
    },
  )
  say({ kind: 'up' })
  await Promise.all([executor.done, scheduler.done])
}

function withFault(bus: Bus, fault: EngineProcessOptions['fault']): Bus {
  if (fault !== 'die before publish') return bus
  return {
    get backlog() {
      return bus.backlog
    },
    publish() {
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {}) // the end comes before anything else
    },
    publishDeadLetters: letters => bus.publishDeadLetters(letters),
    subscribe: (handler, how) => bus.subscribe(handler, how),
    check: () => bus.check(),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}

function tasks() {
  const payload = Type.Object({}, { additionalProperties: true })
  const task = (name: string, work: () => Promise<unknown>) =>
    defineTask({
      ...{ name, payload },
      async run(_, { runId, attempt }) {
        say({ kind: 'begun', runId, attempt })
        await work()
        say({ kind: 'ended', runId, attempt })
        return { by: process.pid }
      },
    })
  return [
    task('quick', () => Promise.resolve()),
    task('second', () => sleep(1_000)),
    task('long', () => sleep(3_000)),
    task('block', () => {
      const until = performance.now() + 3_600_000
      while (performance.now() < until);
      return Promise.resolve()
    }),
  ]
}

function say(news: EngineProcessNews): void {
  process.send?.(news)
}
