import {
  type ExactInstant,
  formatExactInstant,
  type JobId,
  type JobStatus,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { prepared } from '../sql.ts'
import { cancelWaiting, endTriggers } from './end.ts'

/** What became of a change: done, or why it could not be. */
export type Changed =
  | { readonly kind: 'done' }
  /** There is no such job, or it is another owner's. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly status: JobStatus }

/** Cancels a job that is SCHEDULED: it starts nothing from the answer on. */
export async function cancelJob(pool: Pool, jobId: JobId, owner: UserId): Promise<Changed> {
  return pool.transaction(async tx => {
    const job = await lockJob(tx, jobId, owner)
    if (job === null) return { kind: 'unknown' }
    if (job.status !== 'SCHEDULED') return { kind: 'refused', status: job.status }
    const uuid = uuidOf(jobId)
    await tx.query(prepared('cancel-job')`
      update job_definitions set state = 'CANCELLED', updated_at = now() where job_id = ${uuid}`)
    await endTriggers(tx, [uuid])
    await cancelWaiting(tx, [uuid])
    return { kind: 'done' }
  })
}

export type Rescheduled =
  | (Extract<Changed, { kind: 'done' }> & { readonly dueInMs: number })
  | Exclude<Changed, { kind: 'done' }>
  /** Only a one-time job with a time of its own can be moved. */
  | { readonly kind: 'not movable' }
  | { readonly kind: 'past' }

/** Moves a one-time job that waits for its instant to another one, which must be in the future. */
export async function rescheduleJob(
  pool: Pool,
  jobId: JobId,
  owner: UserId,
  runAt: ExactInstant,
): Promise<Rescheduled> {
  const uuid = uuidOf(jobId)
  const at = formatExactInstant(runAt)
  return pool.transaction(async tx => {
    const ahead = await tx.query<{ isAhead: boolean }>(prepared('is-ahead')`
      select ${at}::timestamptz > clock_timestamp() as "isAhead"`)
    if (!ahead.rows[0]!.isAhead) return { kind: 'past' }
    const job = await lockJob(tx, jobId, owner)
    if (job === null) return { kind: 'unknown' }
    if (job.executionMode !== 'SCHEDULED') return { kind: 'not movable' }
    if (job.status !== 'SCHEDULED') return { kind: 'refused', status: job.status }
    const { rows } = await tx.query<{ dueInMs: number }>(prepared('move-run')`
      update runs_live
         set scheduled_at = date_trunc('milliseconds', ${at}::timestamptz),
             due_at = ${at}::timestamptz, wake_at = ${at}::timestamptz,
             expires_at = ${at}::timestamptz + (expires_at - due_at), fence = fence + 1,
             job_version = job_version + 1
       where job_id = ${uuid} and not done
      returning extract(epoch from due_at - clock_timestamp())::float8 * 1000 as "dueInMs"`)
    await endTriggers(tx, [uuid])
    await tx.query(prepared('next-version')`
      with job as (
        update job_definitions set version = version + 1, updated_at = now()
         where job_id = ${uuid}
        returning job_id, version)
      insert into triggers (job_id, version, run_at, valid_from)
      select job_id, version, ${at}::timestamptz, now() from job`)
    return { kind: 'done', dueInMs: rows[0]!.dueInMs }
  })
}

interface LockedJob {
  readonly status: JobStatus
  readonly executionMode: string | null
}

/**
 * Locks the job's definition and then its unfinished runs, in key order, and reads its status, which
 * from then on only the caller changes. Answers null where the owner has no such job.
 */
async function lockJob(tx: Db, jobId: JobId, owner: UserId): Promise<LockedJob | null> {
  const uuid = uuidOf(jobId)
  const { rowCount } = await tx.query(prepared('lock-job')`
    select from job_definitions
     where job_id = ${uuid} and created_by = ${owner} and state <> 'DELETED'
       for update`)
  if (rowCount === 0) return null
  await tx.query(prepared('lock-runs')`
    select from runs_live where job_id = ${uuid} order by scheduled_at for update`)
  const { rows } = await tx.query<LockedJob>(prepared('locked-job')`
    select status, execution_mode as "executionMode" from jobs where id = ${uuid}`)
  return rows[0] ?? null
}
