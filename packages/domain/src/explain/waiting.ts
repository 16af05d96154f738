import { formatInstant, type Instant } from '../instant.ts'
import { type Cause, cause, type Explanation, many, shown } from './cause.ts'
import type { RunFacts } from './facts.ts'

/** Why a run is not finished, and when it goes on. */
export function explainWaiting(run: RunFacts): Explanation {
  if (run.hold !== null) return { causes: [explainHold(run)], nextAt: null }
  if (run.status === 'RUNNING') return explainRunning(run)
  const expires = explainExpiry(run)
  if (run.status === 'DISPATCHED') {
    // It counts among its owner's runs on the way already: his share does not hold it up.
    const load = explainLoad(run).filter(({ code }) => code !== 'OWNERS_SHARE')
    const causes = [...explainDispatched(run), ...load, ...expires]
    return { causes, nextAt: run.wakeAt }
  }
  if (run.wakeAt !== null && run.wakeAt > run.now)
    return { causes: [explainRest(run, run.wakeAt), ...expires], nextAt: run.wakeAt }
  return { causes: [...explainDue(run), ...expires], nextAt: null }
}

function explainHold({ hold, job, attempts, attempt }: RunFacts): Cause {
  if (hold === 'UNKNOWN') {
    const executor = attempts.findLast(({ outcome }) => outcome === 'LOST')?.executor ?? null
    return cause(
      'HELD_UNKNOWN',
      `Executor ${executor} vanished in the middle of attempt ${attempt}, what it did is not known, and the job's onLost policy is to wait for a person.`,
      { attempt, executor },
      'See what the attempt did, then resolve the run: try it again, or record what became of it.',
    )
  }
  return explainPause(job, 'HELD_PAUSED')
}

/** Since when a job is paused, by whom, and why. */
export function explainPause(job: RunFacts['job'], code: 'HELD_PAUSED' | 'PAUSED'): Cause {
  const { pausedAt, pauseNote, pausedBy } = job
  const since = pausedAt === null ? '' : ` since ${formatInstant(pausedAt)}`
  const note = pauseNote === null ? '' : `: ${pauseNote}`
  return cause(
    code,
    `The job is paused${since}${pausedBy === null ? ' by Cronos' : ''}${note}`,
    { pausedAt: shown(pausedAt), note: pauseNote, by: pausedBy },
    'Resume the job.',
  )
}

function explainRunning(run: RunFacts): Explanation {
  const { attempt, maxAttempts, executor, startedAt, wakeAt, deadlineAt, cancelAt, now } = run
  const evidence = { attempt, executor, startedAt: shown(startedAt), leaseUntil: shown(wakeAt) }
  if (!run.isExecutorAlive)
    return {
      causes: [
        cause(
          'EXECUTOR_SILENT',
          `Executor ${executor} is not heard of; when its lease has ended the attempt counts as lost.`,
          evidence,
        ),
      ],
      nextAt: wakeAt,
    }
  const going = cause('RUNNING', `Attempt ${attempt} of ${maxAttempts} goes on.`, {
    ...evidence,
    deadlineAt: shown(deadlineAt),
    elapsedMs: startedAt === null ? null : now - startedAt,
  })
  if (cancelAt === null) return { causes: [going], nextAt: deadlineAt }
  const asked = cause(
    'CANCEL_ASKED',
    'Somebody asked to cancel it; its executor has a moment to end it.',
    {
      until: shown(cancelAt),
    },
  )
  return { causes: [asked, going], nextAt: cancelAt }
}

function explainDispatched(run: RunFacts): Cause[] {
  const { dispatches, wakeAt } = run
  const evidence = { dispatches, leaseUntil: shown(wakeAt) }
  const waits = cause(
    'DISPATCHED',
    'It was handed out and waits for an executor to begin it.',
    evidence,
  )
  if (dispatches < 2) return [waits]
  return [
    cause(
      'DISPATCH_LOST',
      `It was handed out ${dispatches} times, and no executor has begun it yet.`,
      evidence,
      'See whether executors run and reach the bus.',
    ),
  ]
}

/** It has a time to wait for. */
function explainRest(run: RunFacts, wakeAt: Instant): Cause {
  const { attempt, maxAttempts, dueAt, scheduledAt, dispatches, now } = run
  if (run.behind !== null && dueAt <= now) return explainQueue(run)
  if (attempt === 0 && dispatches > 0)
    return cause(
      'BACKING_OFF',
      'It could not be handed out, since the bus did not take it, and will be tried again.',
      { dispatches, until: shown(wakeAt) },
      'See whether the bus can be reached.',
    )
  if (attempt > 0)
    return cause(
      'BACKING_OFF',
      `Attempt ${attempt} of ${maxAttempts} has ended, and the next begins after a pause.`,
      { attempt, maxAttempts, until: shown(wakeAt) },
    )
  const spreadMs = dueAt - scheduledAt
  return cause(
    'NOT_DUE',
    `It is due at ${formatInstant(dueAt)}${spreadMs >= 1 ? ', moved by the spread of its job' : ''}.`,
    { scheduledAt: shown(scheduledAt), dueAt: shown(dueAt), spreadMs: Math.floor(spreadMs) },
  )
}

function explainQueue({ behind, reason }: RunFacts): Cause {
  return cause(
    'QUEUED_BEHIND',
    reason === 'CATCH_UP'
      ? `Missed fire times are caught up with one at a time, and ${behind} is not finished.`
      : `An earlier run of the job is not finished, and its overlap policy is to queue.`,
    { behind },
  )
}

/** It could begin now. */
function explainDue(run: RunFacts): Cause[] {
  const isFire = run.reason === 'CATCH_UP' || (run.reason === 'FIRE' && run.job.overlap === 'queue')
  if (run.behind !== null && isFire && run.attempt === 0) return [explainQueue(run)]
  const busy = explainLoad(run)
  if (busy.length > 0) return busy
  return [
    cause(
      'DUE',
      'It is due, and nothing is in its way: a scheduler takes it in a moment.',
      { dueAt: shown(run.dueAt) },
      'If it stays so, see whether a scheduler runs.',
    ),
  ]
}

function explainLoad({ load, job, priority }: RunFacts): Cause[] {
  if (load === null) return []
  if (load.executors === 0)
    return [cause('NO_EXECUTOR', 'No executor is there.', { executors: 0 }, 'Start an executor.')]
  const causes: Cause[] = []
  const { executors, knowing, slots, dispatched, running, owners, share, ahead } = load
  if (knowing === 0)
    causes.push(
      cause(
        'TASK_UNKNOWN',
        `None of the ${many(executors, 'executor')} knows the task ${job.task}.`,
        { task: job.task, executors },
        'Correct payload.task, or start an executor that knows it.',
      ),
    )
  if (share !== null && owners >= share)
    causes.push(
      cause(
        'OWNERS_SHARE',
        `You have ${many(owners, 'run')} going or on the way, and your share is ${share}.`,
        { yours: owners, share, slots },
        'Wait for some to end, or add executors.',
      ),
    )
  if (running + dispatched >= slots)
    causes.push(
      cause(
        'WINDOW_FULL',
        `All ${many(slots, 'slot')} of the executors are taken.`,
        {
          ...{ slots, running, dispatched, executors },
        },
        'Wait, or add executors or slots.',
      ),
    )
  if (ahead > 0)
    causes.push(
      cause(
        'MORE_URGENT',
        `${many(ahead, 'due run')} of a higher priority, or due for longer, ${ahead === 1 ? 'comes' : 'come'} first.`,
        { ahead, priority },
        priority === 'CRITICAL' ? null : 'Give the job a higher priority.',
      ),
    )
  return causes
}

function explainExpiry({ expiresAt, attempt }: RunFacts): Cause[] {
  if (expiresAt === null || attempt > 0) return []
  return [
    cause('EXPIRES', `It expires at ${formatInstant(expiresAt)} unless it has begun by then.`, {
      expiresAt: shown(expiresAt),
    }),
  ]
}
