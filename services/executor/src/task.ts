import type { Fence, Instant, JobId, RunId, UserId } from '@cronos/domain'
import type { Static, TSchema } from 'typebox'
import type { TaskTools } from './tools.ts'

/**
 * The code that a job names in `payload.task`. A file in `tasks/` whose default export is a task
 * is in the registry: nothing else names it.
 *
 * A task runs at least once: whatever it does outside must stand a second time, which `ctx.runId`,
 * the same at every attempt, lets a target recognise.
 */
export interface Task<Payload extends TSchema = TSchema> {
  /** Lower case, words parted by underscores. */
  readonly name: string
  /** What the payload must be; a payload that is not fails the run for good. */
  readonly payload: Payload
  /**
   * One attempt. What it answers is kept with the run as its output (JSON, small).
   *
   * @throws {PermanentError} when trying again cannot help
   * @throws anything else: the attempt failed and may be tried again
   */
  run(payload: Static<Payload>, context: TaskContext): Promise<object | undefined>
}

/** Gives a task its payload's type; answers it unchanged. */
export function defineTask<Payload extends TSchema>(task: Task<Payload>): Task<Payload> {
  return task
}

/** What an attempt is told, and what it may use. */
export interface TaskContext {
  readonly jobId: JobId
  readonly runId: RunId
  /** Whose job it is. */
  readonly owner: UserId
  /** The fire time: the same at every attempt. */
  readonly scheduledAt: Instant
  /** From 1. */
  readonly attempt: number
  readonly fence: Fence
  /** W3C trace context of the request that asked for the run, where there was one. */
  readonly traceparent?: string | undefined
  /** Aborts when the attempt's time is up, its lease is lost, or the executor stops. */
  readonly signal: AbortSignal
  /** Lines for the run's owner to read. Logging neither waits nor fails. */
  readonly log: TaskLog
  /**
   * How far the run has come: a fraction from 0 to 1, or so much done of a total. Neither waits nor
   * fails; what is no number is not told, what lies outside is moved to the nearer end.
   */
  readonly progress: (progress: number | TaskProgress) => void
  readonly tools: TaskTools
}

/** What a task says of its work, line by line. `fields` are JSON, small. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

export interface TaskProgress {
  readonly done?: number
  readonly total?: number
  readonly message?: string
}

/** Trying again cannot help: the run fails at once. The message names what is wrong with which value. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'
}

/** The target said how long to leave it alone; the next attempt comes no sooner. */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError'
  readonly retryAfterMs: number
  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

/** The run is somebody else's by now: what this attempt makes is not kept. */
export class FencedOutError extends Error {
  override readonly name = 'FencedOutError'
}
