import type { RunId } from '../ids.ts'
import { formatInstant, type Instant, instant } from '../instant.ts'
import type { SettlingPolicy } from '../ledger/balance.ts'
import { expectedFires, type TriggerVersion, versionAt } from '../ledger/history.ts'
import { nextFireOf, previousFireOf, type Recurrence } from '../recurrence.ts'
import { type Cause, type CauseCode, cause, type Explanation, many, shown } from './cause.ts'
import type { JobFacts, RunFacts, SkippedFacts } from './facts.ts'
import { explainRun } from './run.ts'
import { explainPause } from './waiting.ts'

/** What is known of a job at an instant. */
export interface FireTimeFacts {
  readonly now: Instant
  readonly at: Instant
  readonly createdAt: Instant
  /** What lies before may have lost its records; minus infinity where nothing did. */
  readonly horizon: Instant
  readonly job: JobFacts
  /** In their order. */
  readonly versions: readonly TriggerVersion[]
  /** The run of that very instant. */
  readonly run: RunFacts | null
  /** The record that covers the instant. */
  readonly skipped: SkippedFacts | null
  /** The latest run with an earlier fire time. */
  readonly runBefore: RunId | null
  /** The run whose claim settles the fire times that follow it; and its fire time. */
  readonly waiting: { readonly runId: RunId; readonly scheduledAt: Instant } | null
}

/** Why a job ran at an instant, or why it did not, or whether it will. */
export function explainFireTime(facts: FireTimeFacts): Explanation {
  const { at, run, skipped } = facts
  if (run !== null) return explainRun(run)
  if (skipped !== null && isExpected(facts)) return only(explainSkipped(facts, skipped))
  if (at < facts.createdAt && isBeforeHistory(facts)) return beforeCreation(facts)
  if (at < facts.horizon)
    return only(
      cause('BEFORE_HORIZON', 'What happened then is no longer kept.', {
        horizon: shown(facts.horizon),
      }),
    )
  return explainAbsence(facts)
}

function explainAbsence(facts: FireTimeFacts): Explanation {
  const { at, now, versions, job } = facts
  const version = versionAt(versions, at)
  if (isExpected(facts)) return at > now ? explainFuture(facts, version) : explainUnsettled(facts)
  if (isBeforeHistory(facts)) return beforeCreation(facts)
  if (version === null) return only(explainEnded(facts))
  const { trigger } = version
  return trigger.kind === 'once'
    ? only(
        notOne(
          job,
          trigger.runAt < at ? trigger.runAt : null,
          trigger.runAt > at ? trigger.runAt : null,
        ),
      )
    : explainOffGrid(facts, trigger.recurrence)
}

/** Of a job whose trigger is not known that far back; its first version may be gone by now. */
function isBeforeHistory(facts: FireTimeFacts): boolean {
  const { at, versions, createdAt } = facts
  return at <= (versions[0]?.validFrom ?? createdAt) && !isExpected(facts)
}

function beforeCreation({ createdAt }: FireTimeFacts): Explanation {
  return only(
    cause('BEFORE_CREATION', `The job was created at ${formatInstant(createdAt)}, after that.`, {
      createdAt: shown(createdAt),
    }),
  )
}

function isExpected({ versions, at }: FireTimeFacts): boolean {
  const first = versions[0]
  const isOnce = first?.trigger.kind === 'once'
  // A one-time job whose time had passed when it was asked for is expected at its own instant.
  const span = isOnce ? [-Infinity, Infinity] : [at, at + 1]
  return expectedFires(versions, span[0] as Instant, span[1] as Instant).next(at - 1) === at
}

function explainFuture({ at, job }: FireTimeFacts, version: TriggerVersion | null): Explanation {
  const planned = cause(
    'NOT_PLANNED_YET',
    `It is a fire time of ${job.trigger ?? 'the job'}, and gets its run when the one before begins.`,
    { at: shown(at) },
  )
  return version?.isPaused
    ? { causes: [explainPause(job, 'PAUSED'), planned], nextAt: null }
    : { causes: [planned], nextAt: at }
}

function explainUnsettled(facts: FireTimeFacts): Explanation {
  const { at, now, job, waiting, versions } = facts
  const last = versions.at(-1)!
  if (last.isPaused && last.validTo === null && at >= last.validFrom)
    return only(
      explainPause(job, 'PAUSED'),
      cause('TO_BE_SETTLED', 'Resuming the job settles it, by its misfire policy.', {
        at: shown(at),
      }),
    )
  if (waiting !== null && waiting.scheduledAt < at)
    return only(
      cause(
        'TO_BE_SETTLED',
        `It was missed, and is settled by the misfire policy when ${waiting.runId} begins.`,
        { at: shown(at), runId: waiting.runId },
        'See why that run waits.',
      ),
    )
  if (now - at < SETTLING_MS)
    return only(cause('TO_BE_SETTLED', 'It has just passed.', { at: shown(at) }))
  return only(
    cause(
      'UNACCOUNTED',
      'It is a fire time of the job, and nothing tells what became of it.',
      { at: shown(at) },
      'This is a defect of Cronos: report it with what the ledger of the job answers.',
    ),
  )
}

/** A claim of this moment may not have settled what it found yet, in milliseconds. */
const SETTLING_MS = 10_000

function explainEnded({ job, versions }: FireTimeFacts): Cause {
  const endedAt = versions.at(-1)?.validTo ?? null
  const why = job.failureReason === null ? '' : `: ${job.failureReason}`
  return cause(
    'ENDED',
    `The job was ${job.state === 'FAILED' ? 'ended by a failure that would come again' : 'ended'} before that${why}`,
    { state: job.state, endedAt: shown(endedAt), failureReason: job.failureReason },
    'Create the job anew.',
  )
}

function explainOffGrid(facts: FireTimeFacts, recurrence: Recurrence): Explanation {
  const { at, now, job } = facts
  const { startAt, endAt } = recurrence
  const next = nextFireOf(recurrence, now)
  if (startAt !== null && at < startAt)
    return {
      causes: [
        cause('BEFORE_START', `The job fires from ${formatInstant(startAt)} on.`, {
          startAt: shown(startAt),
        }),
      ],
      nextAt: next,
    }
  if (endAt !== null && at >= endAt)
    return {
      causes: [
        cause('AFTER_END', `The job fires until ${formatInstant(endAt)} only.`, {
          endAt: shown(endAt),
        }),
      ],
      nextAt: next,
    }
  const before = previousFireOf(recurrence, at)
  const after = nextFireOf(recurrence, at)
  const dropped = explainClock(recurrence, at, job)
  return {
    causes: [...(dropped === null ? [] : [dropped]), notOne(job, before, after)],
    nextAt: next,
  }
}

/** A change of the clock dropped what would else be a fire time. */
function explainClock(recurrence: Recurrence, at: Instant, job: JobFacts): Cause | null {
  if (recurrence.kind !== 'cron') return null
  const { gap, overlap } = recurrence.dst
  const fires = (dst: Recurrence & { kind: 'cron' }) => nextFireOf(dst, instant(at - 1)) === at
  const { timeZone } = job
  if (gap === 'skip' && fires({ ...recurrence, dst: { gap: 'shift', overlap } }))
    return cause(
      'CLOCK_JUMPED',
      `The clock of ${timeZone} jumped over this time, and the job skips such times.`,
      { timeZone, gap },
      'Set dst.gap to shift to fire at as much later.',
    )
  if (overlap !== 'both' && fires({ ...recurrence, dst: { gap, overlap: 'both' } }))
    return cause(
      'CLOCK_REPEATED',
      `The clock of ${timeZone} showed this time twice, and the job fires the ${overlap} time only.`,
      { timeZone, overlap },
      'Set dst.overlap to both to fire each time.',
    )
  return null
}

function notOne({ trigger }: JobFacts, before: Instant | null, after: Instant | null): Cause {
  const of = trigger === null ? 'the one-time job' : trigger
  return cause(
    'NOT_A_FIRE_TIME',
    `It is no fire time of ${of}.`,
    { trigger, before: shown(before), after: shown(after) },
    'Ask for one of the fire times around it, or change the trigger.',
  )
}

const SKIPPED: Readonly<Record<SettlingPolicy, CauseCode>> = {
  MISFIRE: 'SKIPPED_MISFIRE',
  OVERLAP: 'SKIPPED_OVERLAP',
  EXPIRED: 'SKIPPED_EXPIRED',
  PAUSED: 'SKIPPED_PAUSED',
}

function explainSkipped({ runBefore }: FireTimeFacts, skipped: SkippedFacts): Cause {
  const { policy, from, to, count, settledAt, intoRun } = skipped
  const into = intoRun === null ? '' : ` ${intoRun} stands for it.`
  const evidence = {
    ...{ from: shown(from), to: shown(to), count, settledAt: shown(settledAt), intoRun },
  }
  const among = count > 1 ? `, with ${many(count - 1, 'other')},` : ''
  switch (policy) {
    case 'MISFIRE':
      return cause(
        SKIPPED[policy],
        `It passed${among} while nobody could serve it.${into}`,
        evidence,
        'Set misfire to catch_up to have missed fire times run late.',
      )
    case 'OVERLAP':
      return cause(
        SKIPPED[policy],
        `An earlier run was still going${runBefore === null ? '' : ` (${runBefore})`}, and the overlap policy is to skip.`,
        { ...evidence, runBefore },
        'Set overlap to queue or allow, or make the runs shorter.',
      )
    case 'EXPIRED':
      return cause(
        SKIPPED[policy],
        'It had not begun within expireAfter.',
        evidence,
        'Set a longer expireAfter, or see what held it up.',
      )
    case 'PAUSED':
      return cause(
        SKIPPED[policy],
        `It passed${among} while the job was paused.${into}`,
        evidence,
        'Set misfire to catch_up to have them run when the job is resumed.',
      )
    default:
      return policy satisfies never
  }
}

function only(...causes: readonly Cause[]): Explanation {
  return { causes, nextAt: null }
}
