import { instant, nextFireOf, type RunKey, recurrenceOf, spreadOffsetMs } from '@cronos/domain'
import type { Db } from '../db.ts'
import { insertFires } from '../runs/place.ts'
import type { LiveRun, LockedJob } from './lock.ts'

/**
 * Whether the run is one from whose claim the next fire will come. Its own claim has not been, so
 * it still carries the job's recurrence on.
 */
export function carriesOn({ status, reason, attempt, dispatches }: LiveRun): boolean {
  return status === 'PENDING' && isFire(reason) && attempt === 0 && dispatches === 0
}

/** Whether the run stands for a fire time, and not for somebody's wish. */
export function isFire(reason: LiveRun['reason']): boolean {
  return reason === 'FIRE' || reason === 'CATCH_UP'
}

/**
 * Puts the fire after a run that went away into the queue, unless another one carries the job's
 * recurrence on. It may have passed: then its claim judges what is missed.
 */
export async function keepRecurring(tx: Db, job: LockedJob, without: RunKey): Promise<void> {
  if (job.jobType !== 'RECURRING' || (job.state !== 'ACTIVE' && job.state !== 'PAUSED')) return
  const others = job.runs.filter(run => run.scheduledAt !== without.scheduledAt)
  const gone = job.runs.find(run => run.scheduledAt === without.scheduledAt)
  if (gone === undefined || !carriesOn(gone) || others.some(carriesOn)) return
  const fires = [...others, gone].filter(run => isFire(run.reason)).map(run => run.scheduledAt)
  const next = nextFireOf(recurrenceOf(job), instant(Math.max(...fires)))
  if (next === null) return
  const offsetMs = spreadOffsetMs(job.jobId, job.spreadMs)
  await insertFires(tx, [{ jobId: job.jobId, scheduledAt: next, offsetMs }])
}
