import {
  type ExactInstant,
  formatExactInstant,
  formatInstant,
  type Instant,
  instant,
  type JobId,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { prepared } from '../sql.ts'
import type { Changed } from './control.ts'
import { type LiveRun, type Locked, type LockedJob, lockJobs, textOf } from './lock.ts'
import { recordTriggers } from './versions.ts'

export type Rescheduled =
  | Changed<{ readonly dueInMs: number }>
  /** Only a one-time job with a time of its own can be moved. */
  | { readonly kind: 'not movable' }
  | { readonly kind: 'past' }

/**
 * Moves a one-time job that waits for its instant, held or not, to another one, which must be in the
 * future.
 */
export async function rescheduleJob(
  pool: Pool,
  jobId: JobId,
  owner: UserId,
  runAt: ExactInstant,
): Promise<Rescheduled> {
  return pool.transaction(async tx => {
    const locked = await lockJobs(tx, owner, [jobId])
    const [job] = locked.jobs
    if (job === undefined) return isAhead(runAt, locked.at) ? { kind: 'unknown' } : { kind: 'past' }
    if (!isAhead(runAt, locked.at)) return { kind: 'past' }
    if (job.executionMode !== 'SCHEDULED') return { kind: 'not movable' }
    const run = movableRun(job)
    if (run === null) return { kind: 'refused', status: job.status }
    await tx.query(prepared('next-version')`
      update job_definitions set version = version + 1, updated_at = ${textOf(locked)}
       where job_id = ${uuidOf(jobId)}`)
    await moveToInstant(tx, locked, run, runAt, owner)
    return { kind: 'done', dueInMs: runAt.at - locked.at }
  })
}

/** Whether the instant is still to come, to the microsecond. */
export function isAhead({ at, microseconds }: ExactInstant, now: Instant): boolean {
  return at > now || (at === now && microseconds > 0)
}

/** The one run of a one-time job that waits for its instant; null where it has begun or ended. */
export function movableRun(job: LockedJob): LiveRun | null {
  if (job.status !== 'SCHEDULED' && job.status !== 'PAUSED') return null
  const run = job.runs.find(each => each.reason === 'FIRE')
  return run?.status === 'PENDING' && run.attempt === 0 ? run : null
}

/**
 * Moves the run of a one-time job under a new fence, and puts the new instant on record. The job's
 * version has grown already. Served by the primary key of `runs_live`.
 */
export async function moveToInstant(
  tx: Db,
  locked: Locked,
  run: LiveRun,
  runAt: ExactInstant,
  owner: UserId,
): Promise<void> {
  const at = formatExactInstant(runAt)
  const scheduledAt = await freeFrom(tx, run, runAt.at)
  await tx.query(prepared('move-to-instant')`
    update runs_live q
       set scheduled_at = ${formatInstant(scheduledAt)}, due_at = ${at}::timestamptz,
           wake_at = case when q.hold is null then ${at}::timestamptz end,
           expires_at = ${at}::timestamptz + interval '1 millisecond' * d.expire_after_ms,
           fence = q.fence + 1, job_version = d.version
      from job_definitions d
     where q.job_id = ${uuidOf(run.jobId)} and q.scheduled_at = ${formatInstant(run.scheduledAt)}
       and not q.done and d.job_id = q.job_id`)
  await recordTriggers(tx, locked, owner, { runAt: at })
}

/** The first millisecond that no other run of the job has for its name. */
async function freeFrom(tx: Db, run: LiveRun, at: Instant): Promise<Instant> {
  const { rows } = await tx.query<{ at: Instant }>(prepared('taken-from')`
    select scheduled_at as at from runs
     where job_id = ${uuidOf(run.jobId)} and scheduled_at >= ${formatInstant(at)}
       and scheduled_at <> ${formatInstant(run.scheduledAt)}`)
  const taken = new Set(rows.map(row => row.at))
  let free = at
  while (taken.has(free)) free = instant(free + 1)
  return free
}
