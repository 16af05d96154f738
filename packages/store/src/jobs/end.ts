import { formatInstant, type Instant, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import type { Ended } from '../runs/attempts.ts'
import { type FencedKey, nameOf } from '../runs/keys.ts'
import { prepared } from '../sql.ts'

/**
 * Locks the definitions of these attempts' jobs, in key order: for a change of them, or so that
 * nobody else changes them. Served by the primary key of `job_definitions`.
 */
export async function lockDefinitions(
  tx: Db,
  attempts: readonly FencedKey[],
  forChange: boolean,
): Promise<void> {
  if (attempts.length === 0) return
  const jobs = attempts.map(attempt => uuidOf(attempt.jobId))
  await tx.query(
    forChange
      ? prepared('lock-definitions')`
          select from job_definitions where job_id = any(${jobs}::uuid[]) order by job_id for update`
      : prepared('share-definitions')`
          select from job_definitions where job_id = any(${jobs}::uuid[]) order by job_id for share`,
  )
}

/** Ends the jobs of these runs, as far as the runs were recorded, with all that waits for them. */
export async function failJobs(
  tx: Db,
  failing: readonly Ended[],
  finished: readonly FencedKey[],
): Promise<void> {
  const names = new Set(finished.map(nameOf))
  const failed = failing.filter(attempt => names.has(nameOf(attempt)))
  if (failed.length === 0) return
  const jobs = failed.map(attempt => uuidOf(attempt.jobId))
  await tx.query(prepared('fail-jobs')`
    update job_definitions d
       set state = 'FAILED', failure_reason = failed.reason, failed_at = now(), updated_at = now(),
           paused_at = null, pause_note = null
      from unnest(${jobs}::uuid[], ${failed.map(reasonOf)}::text[]) as failed (job_id, reason)
     where d.job_id = failed.job_id
       and d.state in ('ACTIVE', 'PAUSED')`)
  await endTriggers(tx, jobs)
  await cancelWaiting(tx, jobs)
}

/**
 * Ends what was expected of these jobs. Served by the primary key of `triggers`.
 *
 * @param at the transaction's beginning unless told
 */
export async function endTriggers(
  tx: Db,
  jobs: readonly string[],
  at: Instant | null = null,
): Promise<void> {
  await tx.query(prepared('end-triggers')`
    update triggers
       set valid_to = greatest(valid_from,
                               coalesce(${at === null ? null : formatInstant(at)}::timestamptz, now()))
     where job_id = any(${jobs}::uuid[]) and valid_to is null`)
}

/**
 * Moves all runs of these jobs that no executor has begun to history as CANCELLED. The caller has
 * locked the definitions. Served by the primary key of `runs_live`.
 */
async function cancelWaiting(tx: Db, jobs: readonly string[]): Promise<number> {
  const { rowCount } = await tx.query(prepared('cancel-waiting')`
    with waiting as (
      select q.ctid as place from runs_live q
       where q.job_id = any(${jobs}::uuid[]) and q.status in ('PENDING', 'DISPATCHED')
       order by q.job_id, q.scheduled_at
         for update),
    cancelled as (
      delete from runs_live q using waiting where q.ctid = waiting.place returning q.*)
    insert into runs_done (
      job_id, scheduled_at, due_at, claimed_at, finished_at, fence, job_version, attempt,
      max_attempts, dispatches, lost, priority, done, recurring, status, reason, owner, tzdata,
      replay_of, requested_by, payload)
    select job_id, scheduled_at, due_at, claimed_at, clock_timestamp(), fence + 1, job_version,
           attempt, max_attempts, dispatches, lost, priority, true, recurring, 'CANCELLED', reason,
           owner, tzdata, replay_of, requested_by, payload
      from cancelled
    on conflict do nothing`)
  return rowCount
}

function reasonOf({ next }: Ended): string {
  return next.status === 'FAILED' ? next.reason : 'failed'
}
