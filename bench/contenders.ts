import { setTimeout as rest } from 'node:timers/promises'
import { areRecorded, type CronosBus, fill, startCronos } from './cronos.ts'
import type { CpuTimes, Parts } from './measure/cpu.ts'
import { startMeter } from './measure/meter.ts'
import type { Stage } from './measure/stage.ts'

/** A scheduler or a queue that can be given a heap of due jobs and timed. */
export interface Contender {
  readonly name: string
  /** How it was set up, for the report. */
  readonly settings: string
  /** Stores so many due jobs in an empty database and starts workers that have not begun. */
  prepare(stage: Stage, jobs: number): Promise<Prepared>
}

export interface Prepared extends AsyncDisposable {
  /** The processes that do the work, without PostgreSQL and Kafka. */
  readonly parts: Parts
  go(): void
  /** Resolves when every job is on record as done. */
  readonly recorded: () => Promise<void>
}

/** One measurement. */
export interface Round {
  readonly ms: number
  readonly jobsPerSecond: number
  /** CPU time a job in microseconds, by part; Kafka's broker by itself. */
  readonly cpuUs: CpuTimes
  /** The share of the machine that others had meanwhile, from 0 to 1. */
  readonly others: number
}

/** Times it from `go` until all is recorded. */
export async function measureRound(
  contender: Contender,
  stage: Stage,
  jobs: number,
): Promise<Round> {
  await using prepared = await contender.prepare(stage, jobs)
  const parts = { ...prepared.parts, ...stage.parts }
  const read = startMeter(parts)
  prepared.go()
  await prepared.recorded()
  const { ms, cpuUs, others } = read()
  const each = Object.entries(cpuUs).map(([name, us]) => [name, us / jobs] as const)
  return { ms, jobsPerSecond: (jobs * 1_000) / ms, cpuUs: Object.fromEntries(each), others }
}

/** Scheduler and executor with their defaults: in one process, or in two over Kafka. */
export function cronos(bus: CronosBus): Contender {
  return {
    name: `Cronos, ${bus === 'kafka' ? 'Kafka' : 'embedded'}`,
    settings:
      bus === 'kafka'
        ? 'defaults; scheduler and executor a process each, one broker, 3 partitions'
        : 'defaults; scheduler and executor in one process',
    async prepare(stage, jobs) {
      const running = await startCronos(bus, stage, jobs, db => fill(db, jobs))
      return {
        parts: { workers: running.pids },
        go: running.go,
        async recorded() {
          await running.ran
          while (!(await areRecorded(running.db, jobs))) await rest(5)
        },
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      }
    },
  }
}
