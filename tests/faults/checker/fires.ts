import { fireTimesOf, type Instant, type Recurrence, recurrenceOf, springDst } from '@cronos/domain'
import type { Violation } from './check.ts'
import {
  type Asked,
  type History,
  type RunRecord,
  runName,
  type SkippedRecord,
  type TriggerRecord,
} from './history.ts'

export interface FireCounts {
  /** Fire times that were due. */
  readonly fires: number
  /** Of them, those that have a run on record. */
  readonly runs: number
  /** Of them, those that a record says were skipped. */
  readonly skipped: number
}

/**
 * Promise 2: each fire time of each job, computed anew, has exactly one run on record, or a record
 * of why it was skipped; and what was seen on record stays there as it was.
 */
export function checkFires(history: History): { violations: Violation[]; counts: FireCounts } {
  const { triggers, skipped, seen, asked } = history
  const runs = history.runs.filter(run => run.reason === 'FIRE' || run.reason === 'CATCH_UP')
  const runsOf = Map.groupBy(runs, run => run.jobId)
  const skippedOf = Map.groupBy(skipped, span => span.jobId)
  const violations = [...checkOnce(history.runs), ...checkKept(seen, history.runs)]
  const counts = { fires: 0, runs: 0, skipped: 0 }
  for (const [jobId, versions] of Map.groupBy(triggers, trigger => trigger.jobId)) {
    const expected = expectedFires(versions, history)
    const found = settle(jobId, expected, runsOf.get(jobId) ?? [], skippedOf.get(jobId) ?? [])
    violations.push(...found.violations)
    counts.fires += found.counts.fires
    counts.runs += found.counts.runs
    counts.skipped += found.counts.skipped
  }
  violations.push(...checkTriggers(asked, triggers))
  return { violations, counts }
}

/** What a job was to do, as far as the test lasted. */
interface Expected {
  /** Fire times that are past, ascending. */
  readonly due: readonly number[]
  /** Whether a fire time that was still to come may stand on record. */
  readonly mayFire: (at: number) => boolean
  /** How many fire times lie between, both ends included. */
  readonly countFires: (from: number, to: number) => number
  /** When the job was ended; null while it goes on. */
  readonly endedAt: number | null
}

function expectedFires(versions: readonly TriggerRecord[], history: History): Expected {
  const last = versions.reduce((a, b) => (a.version > b.version ? a : b))
  if (last.cronExpression === null) return expectedOnce(last, history)
  const recurrence = recurrenceOfTrigger(last)
  const until = Math.min(last.validTo ?? history.readAt, history.readAt)
  const due = fireTimesOf(recurrence, (last.validFrom + 1) as Instant, until as Instant)
  const countFires = (from: number, to: number) =>
    [...fireTimesOf(recurrence, from as Instant, (to + 1) as Instant)].length
  const mayFire = (at: number) => countFires(at, at) === 1
  return { due: [...due], mayFire, countFires, endedAt: last.validTo }
}

/** A one-time job has the fire time that it was moved to last. */
function expectedOnce(last: TriggerRecord, { readAt }: History): Expected {
  const at = Math.floor(last.runAt ?? last.validFrom)
  const isDue = at <= readAt && (last.validTo === null || at < last.validTo)
  return {
    due: isDue ? [at] : [],
    mayFire: other => other === at,
    countFires: (from, to) => (from <= at && at <= to ? 1 : 0),
    endedAt: last.validTo,
  }
}

function recurrenceOfTrigger({ cronExpression, timeZone }: TriggerRecord): Recurrence {
  return recurrenceOf({
    ...{ cronExpression, timeZone, everyMs: null, anchorAt: null, startAt: null, endAt: null },
    ...{ dstGap: springDst.gap, dstOverlap: springDst.overlap },
  })
}

function settle(
  jobId: string,
  { due, mayFire, countFires, endedAt }: Expected,
  runs: readonly RunRecord[],
  skipped: readonly SkippedRecord[],
): { violations: Violation[]; counts: FireCounts } {
  const violations: Violation[] = []
  const recorded = new Set(runs.map(run => run.scheduledAt))
  // A job that was ended while fire times waited for it has one record for them all.
  const ends = runs.filter(run => run.status === 'CANCELLED' && endedAt !== null)
  const endsFrom = Math.min(...ends.map(run => run.scheduledAt))
  const dueSet = new Set(due)
  let skippedCount = 0
  for (const at of due) {
    const spans = skipped.filter(span => span.from <= at && at <= span.to)
    if (recorded.has(at)) {
      if (spans.length > 0) violations.push(violation('fire settled twice', jobId, at))
    } else if (spans.length === 1) skippedCount++
    else if (spans.length > 1) violations.push(violation('fire skipped twice', jobId, at))
    else if (at < endsFrom) violations.push(violation('fire lost', jobId, at))
  }
  for (const run of runs)
    if (!dueSet.has(run.scheduledAt) && !mayFire(run.scheduledAt))
      violations.push(violation('fire from nowhere', jobId, run.scheduledAt))
  for (const span of skipped) {
    const inside = countFires(span.from, span.to)
    if (inside !== span.count)
      violations.push(violation(`${span.count} skipped instead of ${inside}`, jobId, span.from))
  }
  const runCount = due.filter(at => recorded.has(at)).length
  return { violations, counts: { fires: due.length, runs: runCount, skipped: skippedCount } }
}

/** A run is on record once, finished or unfinished. */
function checkOnce(runs: readonly RunRecord[]): Violation[] {
  return [...Map.groupBy(runs, runName)]
    .filter(([, records]) => records.length > 1)
    .map(([, [first]]) => violation('run recorded twice', first!.jobId, first!.scheduledAt))
}

/** What was seen as finished stays finished, with the same end. */
function checkKept(seen: readonly RunRecord[], runs: readonly RunRecord[]): Violation[] {
  const now = new Map(runs.filter(run => run.done).map(run => [runName(run), run]))
  return seen.flatMap(then => {
    const run = now.get(runName(then))
    if (run === undefined) return [violation('record vanished', then.jobId, then.scheduledAt)]
    const same =
      run.status === then.status && run.fence === then.fence && run.finishedAt === then.finishedAt
    return same ? [] : [violation('record changed', then.jobId, then.scheduledAt)]
  })
}

/** What is stored of a trigger is what was asked for, from the request on. */
function checkTriggers(asked: readonly Asked[], triggers: readonly TriggerRecord[]): Violation[] {
  const first = new Map(triggers.filter(t => t.version === 1).map(t => [t.jobId, t]))
  return asked.flatMap(each => {
    if (each.jobId === null) return []
    const stored = first.get(each.jobId)
    if (stored === undefined) return [violation('trigger lost', each.jobId, each.sentAt)]
    return isAsAsked(each, stored) ? [] : [violation('trigger changed', each.jobId, each.sentAt)]
  })
}

/** Two clocks read in one machine may be a millisecond apart once they are rounded. */
const ROUNDING_MS = 1

function isAsAsked({ trigger, sentAt, answeredAt, nextRunAt }: Asked, stored: TriggerRecord) {
  if (stored.validFrom < sentAt - ROUNDING_MS || stored.validFrom > answeredAt + ROUNDING_MS)
    return false
  switch (trigger.kind) {
    case 'cron': {
      if (stored.cronExpression !== trigger.expression) return false
      if (stored.timeZone !== trigger.timeZone) return false
      const fires = fireTimesOf(
        recurrenceOfTrigger(stored),
        (stored.validFrom + 1) as Instant,
        Number.MAX_SAFE_INTEGER as Instant,
      )
      return fires.next().value === nextRunAt
    }
    case 'at':
      return Math.floor(stored.runAt ?? 0) === trigger.runAt
    case 'immediate':
      return stored.runAt !== null && stored.runAt >= sentAt - ROUNDING_MS
    default:
      return trigger satisfies never
  }
}

function violation(kind: string, jobId: string, at: number): Violation {
  return { promise: 2, kind, message: `${kind}: ${jobId} at ${new Date(at).toISOString()}` }
}
