import { type Instant, instant, later } from './instant.ts'
import type { JobPolicies } from './policies.ts'
import { countFiresOf, nextFireOf, nthFireOf, type Recurrence } from './recurrence.ts'

/** A run of a fire time that a scheduler has just taken from the queue, and that never started. */
export interface DueFire {
  readonly scheduledAt: Instant
  readonly reason: 'FIRE' | 'CATCH_UP'
  /** Not started by then: expired. Null for never. */
  readonly expiresAt: Instant | null
  /** The clock at which it was taken. */
  readonly now: Instant
  /** Another run of the job has not ended. */
  readonly underWay: boolean
}

/** What the fires of a recurring job are judged by. Durations in milliseconds. */
export interface FirePolicies
  extends Pick<JobPolicies, 'misfire' | 'catchUpLimit' | 'overlap' | 'expireAfterMs'> {
  readonly recurrence: Recurrence
  /** By how much the job's spread moves its fires. */
  readonly offsetMs: number
  /** A fire that is served later than this has misfired. */
  readonly misfireAfterMs: number
}

/** The policy that settled fire times without a run. */
export type SkipPolicy = 'MISFIRE' | 'OVERLAP' | 'EXPIRED'

/** Fire times that are settled together, from the first to the last. */
export interface FireSpan {
  readonly from: Instant
  readonly to: Instant
  readonly count: number
  readonly policy: SkipPolicy
  /** Whether the run at hand stands for them. */
  readonly intoRun: boolean
}

/** What becomes of a fire that is due. */
export interface FireDecision {
  /** `settle`: it gets no run, and a span says why. `queue`: it waits for the run under way. */
  readonly kind: 'dispatch' | 'queue' | 'settle'
  /** It is one of several missed fires that are run one after the other. */
  readonly isCatchUp: boolean
  /** Whether what follows it is decided here; if not, it is judged again when it is next taken. */
  readonly isPlanned: boolean
  readonly skipped: FireSpan | null
  /** The job's next fire; null when it is not planned here, or there is none. */
  readonly next: { readonly at: Instant; readonly reason: 'FIRE' | 'CATCH_UP' } | null
}

/**
 * Judges the first taking of a recurring job's fire: whether it is run, and what comes after it. Fire
 * times between it and now have been missed. Each one is settled exactly once: by a run of its own or
 * in a span, here or when the fire that is answered as `next` is judged in turn.
 */
export function judgeFire(fire: DueFire, policies: FirePolicies): FireDecision {
  const { scheduledAt, expiresAt, now, underWay } = fire
  const { recurrence, offsetMs, misfireAfterMs, misfire, overlap } = policies
  if (expiresAt !== null && expiresAt <= now) return expire(fire, policies)

  const missed = laterFires(recurrence, scheduledAt, later(now, -offsetMs))
  const hasMisfired = missed.count > 0 || now - scheduledAt - offsetMs > misfireAfterMs
  if (hasMisfired && misfire === 'skip') return skipMissed(fire, policies, missed)
  if (fire.reason === 'CATCH_UP' || (hasMisfired && misfire === 'catch_up'))
    return catchUp(fire, policies, missed)

  const next = nextAfter(recurrence, missed.to)
  const plan = { isCatchUp: false, isPlanned: true, next }
  if (underWay && overlap === 'skip') {
    const skipped = spanOf(scheduledAt, missed, 'OVERLAP')
    return { ...plan, kind: 'settle', skipped }
  }
  const kind = underWay && overlap === 'queue' ? 'queue' : 'dispatch'
  const skipped: FireSpan | null =
    missed.count === 0
      ? null
      : {
          ...{ from: missed.from!, to: missed.to, count: missed.count },
          ...{ policy: 'MISFIRE', intoRun: true },
        }
  return { ...plan, kind, skipped }
}

/** Judges a fire anew that waited for another run, or that the bus did not take. */
export function judgeWaitingFire(
  { scheduledAt, reason, expiresAt, now, underWay }: DueFire,
  overlap: FirePolicies['overlap'],
): FireDecision {
  const plan = { isCatchUp: reason === 'CATCH_UP', isPlanned: true, next: null }
  if (expiresAt !== null && expiresAt <= now) {
    const span = { from: scheduledAt, to: scheduledAt, count: 1, intoRun: false }
    return { ...plan, kind: 'settle', skipped: { ...span, policy: 'EXPIRED' } }
  }
  const waits = underWay && (plan.isCatchUp || overlap !== 'allow')
  return { ...plan, kind: waits ? 'queue' : 'dispatch', skipped: null }
}

/** Fire times after one, up to an instant; `to` is that one where there is none. */
interface LaterFires {
  readonly count: number
  readonly from: Instant | null
  readonly to: Instant
}

function laterFires(recurrence: Recurrence, after: Instant, upTo: Instant): LaterFires {
  const from = nextFireOf(recurrence, after)
  if (from === null || from > upTo) return { count: 0, from: null, to: after }
  const count = countFiresOf(recurrence, from, upTo + 1)
  return { count, from, to: nthFireOf(recurrence, from, upTo, count) }
}

function nextAfter(recurrence: Recurrence, after: Instant): FireDecision['next'] {
  const at = nextFireOf(recurrence, after)
  return at === null ? null : { at, reason: 'FIRE' }
}

/** The fire at hand and those after it. */
function spanOf(from: Instant, { to, count }: LaterFires, policy: SkipPolicy): FireSpan {
  return { from, to, count: count + 1, policy, intoRun: false }
}

const settled = { kind: 'settle', isCatchUp: false, isPlanned: true } as const

/** All fire times that are as old have expired with it; the first that has not is judged in turn. */
function expire({ scheduledAt, now }: DueFire, policies: FirePolicies): FireDecision {
  const { recurrence, offsetMs, expireAfterMs } = policies
  const ageMs = expireAfterMs ?? Number.POSITIVE_INFINITY
  const upTo = instant(Math.max(scheduledAt, now - offsetMs - ageMs))
  const others = laterFires(recurrence, scheduledAt, upTo)
  const skipped = spanOf(scheduledAt, others, 'EXPIRED')
  return { ...settled, skipped, next: nextAfter(recurrence, others.to) }
}

/** Settles what has misfired. The last one has not while it is fresh: its own run is to be. */
function skipMissed(
  { scheduledAt, now }: DueFire,
  { recurrence, offsetMs, misfireAfterMs }: FirePolicies,
  missed: LaterFires,
): FireDecision {
  const isLastFresh = missed.count > 0 && now - missed.to - offsetMs <= misfireAfterMs
  if (!isLastFresh) {
    const skipped = spanOf(scheduledAt, missed, 'MISFIRE')
    return { ...settled, skipped, next: nextAfter(recurrence, missed.to) }
  }
  const others = laterFires(recurrence, scheduledAt, later(missed.to, -1))
  const skipped = spanOf(scheduledAt, others, 'MISFIRE')
  return { ...settled, skipped, next: { at: missed.to, reason: 'FIRE' } }
}

/** The latest missed fires are run, oldest first, one at a time: each brings the next when it runs. */
function catchUp(
  { scheduledAt, underWay }: DueFire,
  { recurrence, catchUpLimit }: FirePolicies,
  missed: LaterFires,
): FireDecision {
  const surplus = missed.count + 1 - catchUpLimit
  if (surplus > 0) {
    const nth = (n: number) => nthFireOf(recurrence, scheduledAt + 1, missed.to, n)
    const to = surplus === 1 ? scheduledAt : nth(surplus - 1)
    const skipped = spanOf(scheduledAt, { from: null, to, count: surplus - 1 }, 'MISFIRE')
    return { ...settled, skipped, next: { at: nth(surplus), reason: 'CATCH_UP' } }
  }
  const plan = { isCatchUp: true, skipped: null }
  if (underWay) return { ...plan, kind: 'queue', isPlanned: false, next: null }
  const next = nextAfter(recurrence, scheduledAt)
  const isMissed = missed.count > 0 && next !== null
  return {
    ...{ ...plan, kind: 'dispatch', isPlanned: true },
    next: isMissed ? { ...next, reason: 'CATCH_UP' } : next,
  }
}
