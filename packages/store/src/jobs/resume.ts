import {
  type Instant,
  instant,
  later,
  nextFireOf,
  recurrenceOf,
  settleMissed,
  spreadOffsetMs,
} from '@cronos/domain'
import {
  type Fire,
  insertFires,
  type Move,
  moveRuns,
  type Settled,
  settleFires,
} from '../runs/place.ts'
import { prepared } from '../sql.ts'
import { type Control, isUnfinished } from './control.ts'
import { carriesOn, isFire } from './keep-recurring.ts'
import { type LiveRun, type LockedJob, textOf } from './lock.ts'
import { recordTriggers, uuidsOf } from './versions.ts'

/** What became of the fire times that passed while a job was paused. */
export interface Resumed {
  readonly missed: number
  /** Of the missed ones, those that are on record as skipped; the others run. */
  readonly skipped: number
  readonly became: 'NOTHING' | 'ONE_RUN' | 'SKIPPED' | 'CATCH_UP'
  /** From now on; of a job without one, what it last was. */
  readonly nextRunAt: Instant
  readonly version: number
  /** Until something of the job is due, in milliseconds. */
  readonly dueInMs: number
}

/**
 * Lets paused jobs go on: attempts that were to be tried again are, and the fire times that passed
 * meanwhile are settled by the misfire policy. A job that is not paused stays as it is.
 */
export const resuming: Control<Resumed> = {
  allows: isUnfinished,
  async change(tx, locked, owner) {
    const { at, jobs } = locked
    const plans = jobs.map(job => (job.state === 'PAUSED' ? planResume(job, at) : nothing(job, at)))
    const paused = { at, jobs: jobs.filter(job => job.state === 'PAUSED') }
    if (paused.jobs.length > 0) {
      await tx.query(prepared('resume-jobs')`
        update job_definitions
           set state = 'ACTIVE', paused_at = null, pause_note = null, version = version + 1,
               updated_at = ${textOf(locked)}
         where job_id = any(${uuidsOf(paused)}::uuid[])`)
      await recordTriggers(tx, paused, owner)
      // Served by the primary key.
      await tx.query(prepared('let-runs-go')`
        update runs_live
           set hold = null,
               wake_at = greatest(case when attempt = 0 then due_at end, ${textOf(locked)}::timestamptz)
         where job_id = any(${uuidsOf(paused)}::uuid[]) and hold = 'PAUSED'`)
      await settleFires(
        tx,
        plans.flatMap(plan => plan.skipped),
        plans.flatMap(plan => plan.dropped),
      )
      await moveRuns(
        tx,
        plans.flatMap(plan => plan.moves),
      )
      await insertFires(
        tx,
        plans.flatMap(plan => plan.fires),
      )
    }
    return plans.map(plan => plan.answer)
  },
}

interface Plan {
  readonly skipped: readonly Settled[]
  readonly dropped: readonly LiveRun[]
  readonly moves: readonly Move[]
  readonly fires: readonly Fire[]
  readonly answer: Resumed
}

function nothing(job: LockedJob, at: Instant): Plan {
  const { nextRunAt, version } = job
  const answer = { missed: 0, skipped: 0, became: 'NOTHING', nextRunAt, version } as const
  return {
    ...{ skipped: [], dropped: [], moves: [], fires: [] },
    answer: { ...answer, dueInMs: nextRunAt - at },
  }
}

function planResume(job: LockedJob, at: Instant): Plan {
  const held = job.runs.filter(run => run.hold === 'PAUSED')
  const fires = held.filter(run => isFire(run.reason) && run.attempt === 0)
  const waiting = fires.filter(run => run.dueAt <= at)
  const answer = { ...nothing(job, at).answer, version: job.version + 1 }
  const isDue = held.some(run => run.dueAt <= at || run.attempt > 0)
  const dueInMs = isDue ? 0 : answer.dueInMs
  if (job.jobType === 'ONE_TIME') return planOneTime(job, waiting[0], { ...answer, dueInMs })

  const recurrence = recurrenceOf(job)
  const offsetMs = spreadOffsetMs(job.jobId, job.spreadMs)
  const upTo = instant(at - offsetMs)
  const { jobId } = job
  const version = answer.version
  const last = waiting.at(-1)
  const lastFireAt = Math.max(upTo, job.settledTo ?? upTo, ...fires.map(run => run.scheduledAt))
  const ahead = fires.find(run => run.dueAt > at)?.scheduledAt
  const next = ahead ?? nextFireOf(recurrence, instant(lastFireAt))
  const nextRunAt = next === null ? job.nextRunAt : later(next, offsetMs)
  const nextFires = next === null ? [] : [{ jobId, scheduledAt: next, offsetMs }]
  const upcoming = { nextRunAt, dueInMs: isDue ? 0 : nextRunAt - at }
  if (last === undefined) {
    const missing = job.runs.some(carriesOn) ? [] : nextFires
    return { ...nothing(job, at), fires: missing, answer: { ...answer, ...upcoming } }
  }

  const settled = settleMissed(
    {
      waiting: waiting.map(run => run.scheduledAt),
      recurrence: carriesOn(last) ? recurrence : null,
      upTo,
    },
    job.misfire,
    job.catchUpLimit,
  )
  const { keptFrom, missed } = settled
  const dropped = waiting.filter(run => keptFrom === null || run.scheduledAt < keptFrom)
  const kept = waiting.filter(run => !dropped.includes(run))
  const reason = job.misfire === 'catch_up' && missed > 1 ? 'CATCH_UP' : 'FIRE'
  const moves: Move[] = kept
    .filter(run => run.reason !== reason)
    .map(run => ({
      ...{ jobId, run, offsetMs, reason, version, scheduledAt: run.scheduledAt },
      dispatches: run.dispatches,
    }))
  // The run that carries the recurrence on moves; where it goes another one takes its place.
  if (keptFrom !== null && kept.length === 0) {
    dropped.pop()
    moves.push({
      ...{ jobId, run: last, scheduledAt: keptFrom, offsetMs, reason, version },
      dispatches: 0,
    })
  }
  const carried = moves.length > 0 || kept.some(carriesOn) || ahead !== undefined
  return {
    dropped,
    moves,
    fires: carried ? [] : nextFires,
    skipped:
      settled.skipped === null
        ? []
        : [
            {
              ...{ jobId, ...settled.skipped, policy: 'PAUSED' },
              into: job.misfire === 'run_once' ? keptFrom : null,
            },
          ],
    answer: {
      ...{ missed, skipped: settled.skipped?.count ?? 0, version, ...upcoming },
      became: keptFrom === null ? 'SKIPPED' : reason === 'CATCH_UP' ? 'CATCH_UP' : 'ONE_RUN',
    },
  }
}

/** A one-time job has one fire time, which it still runs unless its policy is to skip. */
function planOneTime(job: LockedJob, run: LiveRun | undefined, answer: Resumed): Plan {
  const plan = { ...nothing(job, job.nextRunAt), answer }
  if (run === undefined) return plan
  if (job.misfire !== 'skip')
    return { ...plan, answer: { ...answer, missed: 1, became: 'ONE_RUN' } }
  const { jobId, scheduledAt: at } = run
  return {
    ...plan,
    dropped: [run],
    skipped: [{ jobId, from: at, to: at, count: 1, policy: 'PAUSED', into: null }],
    answer: { ...answer, missed: 1, skipped: 1, became: 'SKIPPED' },
  }
}
