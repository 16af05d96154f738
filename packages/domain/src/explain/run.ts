import { type Cause, cause, type Explanation, many, shown } from './cause.ts'
import type { AttemptFacts, RunFacts, SkippedFacts } from './facts.ts'
import { explainWaiting } from './waiting.ts'

/** Why there is a run, what its attempts came to, and why it is where it is. */
export function explainRun(run: RunFacts): Explanation {
  const { causes, nextAt } = explainState(run)
  return {
    causes: [
      ...causes,
      ...run.attempts.toReversed().map(attempt => explainAttempt(run, attempt)),
      explainOrigin(run),
      ...run.standsFor.map(explainStandIn),
    ],
    nextAt,
  }
}

function explainState(run: RunFacts): Explanation {
  switch (run.status) {
    case 'PENDING':
    case 'DISPATCHED':
    case 'RUNNING':
      return explainWaiting(run)
    case 'SUCCEEDED':
    case 'FAILED':
    case 'CANCELLED':
      return { causes: [explainEnd(run, run.status)], nextAt: null }
    default:
      return run.status satisfies never
  }
}

function explainEnd(run: RunFacts, status: 'SUCCEEDED' | 'FAILED' | 'CANCELLED'): Cause {
  const { attempt, maxAttempts, executor, error } = run
  const times = { startedAt: shown(run.startedAt), finishedAt: shown(run.finishedAt) }
  if (status === 'SUCCEEDED')
    return cause('SUCCEEDED', saySuccess(run), { attempt, executor, ...times })
  if (status === 'CANCELLED')
    return cause(
      'CANCELLED',
      attempt === 0 ? 'It was cancelled before it began.' : 'It was cancelled while it went on.',
      { attempt, jobState: run.job.state, ...times },
    )
  const isUsedUp = attempt >= maxAttempts
  return cause(
    'FAILED',
    isUsedUp
      ? `It failed at the last of its ${many(maxAttempts, 'attempt')}: ${error}`
      : `It failed for good at attempt ${attempt} of ${maxAttempts}, since trying again would not have helped: ${error}`,
    { attempt, maxAttempts, executor, error, ...times },
    'Set right what the error tells, then replay the run.',
  )
}

/** Of an attempt that was lost a person may have said that it had succeeded. */
function saySuccess({ attempt, attempts }: RunFacts): string {
  const isLost = attempts.some(each => each.attempt === attempt && each.outcome === 'LOST')
  return isLost
    ? `A person said that attempt ${attempt}, which was lost, had succeeded.`
    : `It succeeded at attempt ${attempt}.`
}

function explainAttempt(run: RunFacts, told: AttemptFacts): Cause {
  const { attempt, outcome, executor, error } = told
  const evidence = { attempt, executor, endedAt: shown(told.endedAt), error }
  const of = `Attempt ${attempt} of ${run.maxAttempts}`
  switch (outcome) {
    case 'FAILED':
      return cause('RETRIED', `${of} failed and was to be tried again: ${error}`, evidence)
    case 'LOST':
      return cause(
        'RECOVERED',
        `${of} was lost with executor ${executor}, which was not heard of until its lease ended.`,
        evidence,
        'What the attempt did outside is not known: see whether that is there, once or twice.',
      )
    case 'HANDED_BACK':
      return cause(
        'HANDED_BACK',
        `${of} was handed back by executor ${executor}, which stopped. It does not count.`,
        evidence,
      )
    case 'CANCELLED':
      return cause('CANCELLED', `${of} was cancelled.`, evidence)
    default:
      return outcome satisfies never
  }
}

function explainOrigin({ reason, job, scheduledAt, requestedBy, replayOf }: RunFacts): Cause {
  const evidence = { scheduledAt: shown(scheduledAt) }
  switch (reason) {
    case 'FIRE':
      return job.trigger === null
        ? cause('ASKED_FOR', 'The one-time job was asked for at this instant.', evidence)
        : cause('FIRE_TIME', `It is a fire time of ${job.trigger} in ${job.timeZone}.`, {
            ...evidence,
            ...{ trigger: job.trigger, timeZone: job.timeZone },
          })
    case 'CATCH_UP':
      return cause(
        'CAUGHT_UP',
        'It is a fire time that was missed, and that the misfire policy catch_up runs late.',
        { ...evidence, trigger: job.trigger },
      )
    case 'MANUAL':
      return cause('TRIGGERED', 'The job was triggered by hand.', { ...evidence, by: requestedBy })
    case 'REPLAY':
      return cause('REPLAYED', `It replays ${replayOf ?? 'a run that is gone'}.`, {
        ...evidence,
        ...{ replayOf, by: requestedBy },
      })
    default:
      return reason satisfies never
  }
}

function explainStandIn({ policy, from, to, count }: SkippedFacts): Cause {
  return cause(
    'STANDS_FOR',
    `It stands for ${many(count, 'other fire time')} too, which passed ${policy === 'PAUSED' ? 'while the job was paused' : 'unserved'}.`,
    { policy, from: shown(from), to: shown(to), count },
  )
}
