import {
  type FireDecision,
  judgeFire,
  judgeWaitingFire,
  type Recurrence,
  recurrenceOf,
  spreadOffsetMs,
} from '@cronos/domain'
import type { Claimed, ClaimedJob, NextFire, Queued, SkippedSpan } from '@cronos/store'

/** What becomes of the runs of a claim. */
export interface Judged {
  /** To be published. */
  readonly due: Claimed[]
  /** Their executors vanished. */
  readonly lost: Claimed[]
  /** They wait for another run of their job. */
  readonly queued: Queued[]
  /** They are not run; `skipped` says why. */
  readonly dropped: Claimed[]
  readonly skipped: SkippedSpan[]
  /** Of `due`: the first of several missed fires that run one after the other. */
  readonly catchUps: Claimed[]
  readonly fires: NextFire[]
  /** Jobs that never fire again. */
  readonly ended: Claimed[]
}

/**
 * Judges what was claimed by the policies of its jobs: what is run, what waits, what is settled
 * without a run, and when recurring jobs fire next.
 *
 * @param misfireAfterMs a fire that is served later than this has misfired
 */
export function judgeClaimed(claimed: readonly Claimed[], misfireAfterMs: number): Judged {
  const judged: Judged = {
    ...{ due: [], lost: [], queued: [], dropped: [], skipped: [] },
    ...{ catchUps: [], fires: [], ended: [] },
  }
  for (const run of claimed) {
    if (run.was === 'RUNNING') judged.lost.push(run)
    else if (!isFire(run) || isPlain(run)) judged.due.push(run)
    else apply(run, decide(run, misfireAfterMs), judged)
  }
  return judged
}

type ClaimedFire = Claimed & { readonly reason: 'FIRE' | 'CATCH_UP' }

/** Runs that stand for a fire time obey its policies; those that somebody asked for just run. */
function isFire(run: Claimed): run is ClaimedFire {
  return run.attempt === 0 && (run.reason === 'FIRE' || run.reason === 'CATCH_UP')
}

/** The usual fire of a one-time job: nothing speaks against it, and nothing follows it. */
function isPlain({ job, expiresAt, isSkipped }: ClaimedFire): boolean {
  return job === null && expiresAt === null && !isSkipped
}

function decide(run: ClaimedFire, misfireAfterMs: number): FireDecision {
  const { job, scheduledAt, reason, expiresAt, now } = run
  if (job === null) return decideAlone(run)
  const fire = { scheduledAt, reason, expiresAt, now, underWay: job.underWay }
  if (!run.isFirst) return judgeWaitingFire(fire, job.overlap)
  const { misfire, catchUpLimit, overlap, expireAfterMs } = job
  return judgeFire(fire, {
    ...{ misfire, catchUpLimit, overlap, expireAfterMs, misfireAfterMs },
    recurrence: readRecurrence(job),
    offsetMs: spreadOffsetMs(run.jobId, job.spreadMs),
  })
}

/** The fire of a one-time job, or one whose event was lost: no other run matters to it. */
function decideAlone({ scheduledAt, reason, expiresAt, now, isSkipped, ...run }: ClaimedFire) {
  const fire = { scheduledAt, reason, expiresAt, now, underWay: false }
  const decision = judgeWaitingFire(fire, 'allow')
  if (decision.kind === 'settle' || !isSkipped || run.was !== 'PENDING') return decision
  const span = { from: scheduledAt, to: scheduledAt, count: 1, intoRun: false }
  return { ...decision, kind: 'settle', skipped: { ...span, policy: 'MISFIRE' } } as const
}

function apply(run: ClaimedFire, decision: FireDecision, judged: Judged): void {
  const { kind, isCatchUp, isPlanned, skipped, next } = decision
  const { jobId, scheduledAt, job } = run
  if (kind === 'dispatch') judged.due.push(run)
  if (kind === 'dispatch' && isCatchUp && run.reason === 'FIRE') judged.catchUps.push(run)
  if (kind === 'settle') judged.dropped.push(run)
  if (kind === 'queue') {
    const until = job?.underWayUntil ?? null
    judged.queued.push({ jobId, scheduledAt, until, isCatchUp, isPlanned })
  }
  if (skipped !== null) judged.skipped.push({ ...skipped, run })
  if (job === null || !run.isFirst || !isPlanned) return
  if (next === null) {
    judged.ended.push(run)
  } else {
    const offsetMs = spreadOffsetMs(jobId, job.spreadMs)
    const waits = next.reason === 'CATCH_UP' && kind === 'dispatch'
    const { at: nextAt, reason: nextReason } = next
    judged.fires.push({ jobId, scheduledAt, nextAt, nextReason, offsetMs, waits })
  }
}

/** Recurrences that were read lately; parsing one costs more than its next fire. */
const recurrences = new Map<string, Recurrence>()
const MAX_RECURRENCES = 10_000

function readRecurrence(job: ClaimedJob): Recurrence {
  const { cronExpression, timeZone, dstGap, dstOverlap, everyMs, anchorAt, startAt, endAt } = job
  const key = [
    cronExpression,
    timeZone,
    dstGap,
    dstOverlap,
    everyMs,
    anchorAt,
    startAt,
    endAt,
  ].join('|')
  const known = recurrences.get(key)
  if (known !== undefined) return known
  const recurrence = recurrenceOf(job)
  if (recurrences.size >= MAX_RECURRENCES) recurrences.clear()
  recurrences.set(key, recurrence)
  return recurrence
}
