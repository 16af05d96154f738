import { type JobEvent, runIdOf } from '@cronos/domain'
import type { Started } from '@cronos/store'
import type { Interrupt } from './interrupt.ts'
import type { LogWriter, WrittenLog } from './log-writer.ts'
import type { TaskContext } from './task.ts'
import type { TaskTools } from './tools.ts'

/** An attempt with the trace context that its event carried. */
export type Traced = Started & Pick<JobEvent, 'traceparent'>

/**
 * What an attempt is told. Whatever most tasks do not use is made when they first ask for it: an
 * executor of quick tasks has thousands of these a second.
 */
export class AttemptContext implements TaskContext {
  readonly jobId: TaskContext['jobId']
  readonly runId: TaskContext['runId']
  readonly owner: TaskContext['owner']
  readonly scheduledAt: TaskContext['scheduledAt']
  readonly attempt: number
  readonly fence: TaskContext['fence']
  readonly tools: TaskTools
  readonly traceparent: string | undefined
  readonly #run: Started
  readonly #interrupt: Interrupt
  readonly #logs: LogWriter
  readonly #startedMs: number
  #told: WrittenLog | null = null
  #hasEnded = false

  /** @param startedMs when the database told of the start, on the process's clock */
  constructor(
    run: Traced,
    interrupt: Interrupt,
    startedMs: number,
    given: { readonly logs: LogWriter; readonly tools: TaskTools },
  ) {
    this.jobId = run.jobId
    this.runId = runIdOf(run)
    this.owner = run.owner
    this.scheduledAt = run.scheduledAt
    this.attempt = run.attempt
    this.fence = run.fence
    this.traceparent = run.traceparent
    this.tools = given.tools
    this.#run = run
    this.#interrupt = interrupt
    this.#logs = given.logs
    this.#startedMs = startedMs
  }

  get signal(): AbortSignal {
    return this.#interrupt.signal
  }

  get log(): TaskContext['log'] {
    return this.#open().log
  }

  get progress(): TaskContext['progress'] {
    return this.#open().progress
  }

  /**
   * Nothing is heard any more. Resolves when what was told is written, or cannot be in time; null
   * when nothing was told.
   */
  end(): Promise<void> | null {
    this.#hasEnded = true
    return this.#told?.end() ?? null
  }

  #open(): WrittenLog {
    if (this.#told === null) {
      this.#told = this.#logs.open(this.#run, this.#startedMs)
      if (this.#hasEnded) void this.#told.end() // a task that was left behind is not listened to
    }
    return this.#told
  }
}
