import type { JobId, UserId } from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { askToEnd, cancelRuns } from '../runs/cancel.ts'
import { prepared } from '../sql.ts'
import { type Changed, type Control, controlJob } from './control.ts'
import { endTriggers } from './end.ts'
import { type Locked, textOf } from './lock.ts'
import { uuidsOf } from './versions.ts'

/** How long the attempt of a job that was paused while it ran gets to end, in milliseconds. */
const GRACE_MS = 10_000

/** Cancels a job that is SCHEDULED or PAUSED: it starts nothing from the answer on. */
export function cancelJob(pool: Pool, jobId: JobId, owner: UserId): Promise<Changed> {
  return controlJob(pool, cancelling(GRACE_MS), jobId, owner)
}

/** @param graceMs for attempts that were running already when their job was paused */
export function cancelling(graceMs: number): Control {
  return {
    allows: ({ status }) => status === 'SCHEDULED' || status === 'PAUSED',
    change: (tx, locked) => end(tx, locked, 'CANCELLED', graceMs),
  }
}

/**
 * Deletes jobs, in whatever status: what waits is cancelled, what runs is asked to end, and their
 * owner sees neither them nor their runs again.
 */
export function deleting(graceMs: number): Control {
  return {
    allows: () => true,
    change: (tx, locked) => end(tx, locked, 'DELETED', graceMs),
  }
}

async function end(
  tx: Db,
  locked: Locked,
  state: 'CANCELLED' | 'DELETED',
  graceMs: number,
): Promise<object[]> {
  const { at, jobs } = locked
  await tx.query(prepared('end-jobs')`
    update job_definitions
       set state = ${state}, paused_at = null, pause_note = null, updated_at = ${textOf(locked)}
     where job_id = any(${uuidsOf(locked)}::uuid[])`)
  await endTriggers(tx, uuidsOf(locked), at)
  const runs = jobs.flatMap(job => job.runs)
  await cancelRuns(
    tx,
    runs.filter(run => run.status !== 'RUNNING'),
  )
  await askToEnd(
    tx,
    runs.filter(run => run.status === 'RUNNING'),
    at,
    graceMs,
  )
  return jobs.map(() => ({}))
}
