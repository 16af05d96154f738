import { afterAttempt, type Outcome, type RetryPolicy, retryPolicyOf } from '@cronos/domain'
import { type Ended, isTaskKnown, type Pool, type Started } from '@cronos/store'
import type { ExecutorConfig } from './config.ts'
import type { AttemptContext, Traced } from './context.ts'
import { type Interrupt, Interrupted } from './interrupt.ts'
import { readOutput, recordError } from './record.ts'
import { checkPayload, type Registry } from './registry.ts'
import { PermanentError, RetryAfterError, type Task } from './task.ts'

export interface AttemptDeps {
  readonly db: Pool
  readonly registry: Registry
  readonly random: () => number
}

/** How long a run waits that only other executors know the task of, in milliseconds. */
const HAND_OVER_MS = 1_000

/**
 * Runs one attempt of a run that has been started, and answers what becomes of it; null when
 * somebody else answers for the run by now.
 *
 * @param interrupt the attempt's own; it is used at the deadline, and by whoever stops the executor,
 *   loses the lease or hears that the run is to be cancelled
 * @param context for the task; its end is the caller's
 */
export async function executeAttempt(
  run: Traced,
  interrupt: Interrupt,
  context: AttemptContext,
  deps: AttemptDeps,
  config: ExecutorConfig,
): Promise<Ended | null> {
  const retry = retryPolicyOf(run, config.retry)
  const judge = (outcome: Outcome, error: unknown) => judgeAttempt(run, retry, outcome, error, deps)
  try {
    const task = findTask(run, deps.registry) ?? (await missTask(run, deps))
    if (task === null) return { ...judge({ kind: 'handed back' }, null), next: handOver }
    const output = await runTask(task, run, interrupt, context, config.graceMs)
    return judgeAttempt(run, retry, SUCCEEDED, null, deps, output)
  } catch (error) {
    const why = error instanceof Interrupted ? error.why : null
    if (why === 'lease lost') return null
    if (why === 'stopping') return judge({ kind: 'handed back' }, error)
    if (why === 'cancelled') return judge({ kind: 'cancelled' }, error)
    const reason = error instanceof Error ? error.message : String(error)
    const permanent = error instanceof PermanentError
    const retryAfterMs = error instanceof RetryAfterError ? error.retryAfterMs : 0
    return judge({ kind: 'failed', reason, permanent, retryAfterMs }, error)
  }
}

/** An attempt that was not begun: it goes back to the queue, and does not count. */
export function handBack({ jobId, scheduledAt, fence }: Started, delayMs = 0): Ended {
  const next = { status: 'PENDING', delayMs, counts: false } as const
  return { jobId, scheduledAt, fence, next, error: null, output: null, failsJob: false }
}

const SUCCEEDED = { kind: 'succeeded' } as const
const handOver = { status: 'PENDING', delayMs: HAND_OVER_MS, counts: false } as const

/**
 * @returns undefined when no task of that name is here
 * @throws {PermanentError} when the payload names no task
 */
function findTask(run: Started, registry: Registry): Task | undefined {
  const name = run.payload['task']
  if (typeof name !== 'string' || name.trim() === '') {
    const choice = registry.names.join(', ')
    throw new PermanentError(`payload.task must name a task: one of ${choice}`)
  }
  return registry.find(name)
}

/**
 * @returns null: another executor has the task
 * @throws {PermanentError} when no executor has it
 */
async function missTask(run: Started, { db, registry }: AttemptDeps): Promise<null> {
  const name = String(run.payload['task'])
  if (await isTaskKnown(db, name.toLowerCase())) return null
  throw new PermanentError(
    `payload.task must be a task that an executor knows, got "${name}"; known here: ${registry.names.join(', ')}`,
  )
}

/** Runs the task; when it is interrupted it has the grace to end by itself, then it is left. */
async function runTask(
  task: Task,
  run: Traced,
  interrupt: Interrupt,
  context: AttemptContext,
  graceMs: number,
): Promise<object | null> {
  if (interrupt.reason !== null) throw interrupt.reason
  let grace: NodeJS.Timeout | undefined
  try {
    checkPayload(task, run.payload)
    const output = await new Promise<object | undefined>((resolve, reject) => {
      interrupt.onAbort = reason => {
        grace = setTimeout(() => reject(reason), graceMs)
      }
      task.run(run.payload, context).then(resolve, reject)
    })
    return readOutput(output)
  } catch (error) {
    // Whatever a task throws when it is interrupted, the interruption is the cause.
    if (interrupt.reason !== null && !(error instanceof PermanentError)) throw interrupt.reason
    throw error
  } finally {
    clearTimeout(grace)
    interrupt.onAbort = null
  }
}

function judgeAttempt(
  run: Started,
  retry: RetryPolicy,
  outcome: Outcome,
  error: unknown,
  { random }: AttemptDeps,
  output: object | null = null,
): Ended {
  const { jobId, scheduledAt, fence, attempt } = run
  const next = afterAttempt({ attempt, retry }, outcome, random())
  return {
    jobId,
    scheduledAt,
    fence,
    next,
    error: error === null ? null : recordError(error),
    output,
    // What a replay was given by hand says nothing of the fires to come.
    failsJob:
      run.recurring && run.reason !== 'REPLAY' && outcome.kind === 'failed' && outcome.permanent,
    mayPauseJob: run.recurring && run.pauseAfterFailures !== null,
  }
}
