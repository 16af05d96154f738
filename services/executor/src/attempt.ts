import {
  afterAttempt,
  type Outcome,
  type RetryPolicy,
  retryPolicyOf,
  runIdOf,
} from '@cronos/domain'
import { type Ended, isTaskKnown, type Pool, type Started } from '@cronos/store'
import type { ExecutorConfig } from './config.ts'
import type { WrittenLog } from './log-writer.ts'
import { readOutput, recordError } from './record.ts'
import { checkPayload, type Registry } from './registry.ts'
import { PermanentError, RetryAfterError, type Task } from './task.ts'
import type { TaskTools } from './tools.ts'

export interface AttemptDeps {
  readonly db: Pool
  readonly registry: Registry
  readonly tools: TaskTools
  readonly random: () => number
}

/** Why an attempt's signal was aborted. */
export type Interruption = 'timeout' | 'lease lost' | 'stopping' | 'cancelled'

/** The reason of an attempt's signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly why: Interruption
  constructor(why: Interruption, message: string) {
    super(message)
    this.why = why
  }
}

/** How long a run waits that only other executors know the task of, in milliseconds. */
const HAND_OVER_MS = 1_000

/**
 * Runs one attempt of a run that has been started, and answers what becomes of it; null when
 * somebody else answers for the run by now.
 *
 * @param abort the attempt's own; it is aborted with an `Interrupted` at the deadline, and by
 *   whoever stops the executor, loses the lease or hears that the run is to be cancelled
 * @param told takes what the task logs; its end is the caller's
 */
export async function executeAttempt(
  run: Started,
  abort: AbortController,
  told: WrittenLog,
  deps: AttemptDeps,
  config: ExecutorConfig,
): Promise<Ended | null> {
  const retry = retryPolicyOf(run, config.retry)
  const judge = (outcome: Outcome, error: unknown) => judgeAttempt(run, retry, outcome, error, deps)
  const timer = setTimeout(
    () => abort.abort(new Interrupted('timeout', `timed out after ${run.timeoutMs} ms`)),
    run.timeoutMs,
  )
  try {
    const task = await findTask(run, deps)
    if (task === null) return { ...judge({ kind: 'handed back' }, null), next: handOver }
    const output = await runTask(task, run, abort.signal, told, deps, config.graceMs)
    return { ...judge({ kind: 'succeeded' }, null), output }
  } catch (error) {
    const why = error instanceof Interrupted ? error.why : null
    if (why === 'lease lost') return null
    if (why === 'stopping') return judge({ kind: 'handed back' }, error)
    if (why === 'cancelled') return judge({ kind: 'cancelled' }, error)
    const reason = error instanceof Error ? error.message : String(error)
    const permanent = error instanceof PermanentError
    const retryAfterMs = error instanceof RetryAfterError ? error.retryAfterMs : 0
    return judge({ kind: 'failed', reason, permanent, retryAfterMs }, error)
  } finally {
    clearTimeout(timer)
  }
}

const handOver = { status: 'PENDING', delayMs: HAND_OVER_MS, counts: false } as const

/**
 * @returns null when no task of that name is here, but another executor has it
 * @throws {PermanentError} when the payload names no task, or one that no executor has
 */
async function findTask(run: Started, { db, registry }: AttemptDeps): Promise<Task | null> {
  const name = run.payload['task']
  if (typeof name !== 'string' || name.trim() === '') {
    const choice = registry.names.join(', ')
    throw new PermanentError(`payload.task must name a task: one of ${choice}`)
  }
  const task = registry.find(name)
  if (task !== undefined) return task
  if (await isTaskKnown(db, name.toLowerCase())) return null
  throw new PermanentError(
    `payload.task must be a task that an executor knows, got "${name}"; known here: ${registry.names.join(', ')}`,
  )
}

/** Runs the task; when its signal aborts it has the grace to end by itself, then it is left. */
async function runTask(
  task: Task,
  run: Started,
  signal: AbortSignal,
  { log, progress }: WrittenLog,
  { tools }: AttemptDeps,
  graceMs: number,
): Promise<object | null> {
  signal.throwIfAborted()
  const { jobId, owner, scheduledAt, attempt, fence } = run
  const left = leaveAfterGrace(signal, graceMs)
  try {
    checkPayload(task, run.payload)
    const runId = runIdOf(run)
    const named = { jobId, runId, owner, scheduledAt, attempt, fence }
    const context = { ...named, signal, log, progress, tools }
    const output = await Promise.race([task.run(run.payload, context), left.promise])
    return readOutput(output)
  } catch (error) {
    // Whatever a task throws when it is interrupted, the interruption is the cause.
    if (signal.aborted && !(error instanceof PermanentError)) throw signal.reason
    throw error
  } finally {
    left.stop()
  }
}

function leaveAfterGrace(signal: AbortSignal, graceMs: number) {
  const { promise, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(() => reject(signal.reason), graceMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    promise,
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

function judgeAttempt(
  run: Started,
  retry: RetryPolicy,
  outcome: Outcome,
  error: unknown,
  { random }: AttemptDeps,
): Ended {
  const { jobId, scheduledAt, fence, attempt } = run
  const next = afterAttempt({ attempt, retry }, outcome, random())
  return {
    ...{ jobId, scheduledAt, fence, next },
    error: error === null ? null : recordError(error),
    output: null,
    // What a replay was given by hand says nothing of the fires to come.
    failsJob:
      run.recurring && run.reason !== 'REPLAY' && outcome.kind === 'failed' && outcome.permanent,
    mayPauseJob: run.recurring && run.pauseAfterFailures !== null,
  }
}
