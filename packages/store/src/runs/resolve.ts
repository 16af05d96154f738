import { formatInstant, type RunKey, type UserId, uuidOf } from '@cronos/domain'
import type { Pool } from '../db.ts'
import { pauseFailing } from '../jobs/pause-failing.ts'
import { prepared } from '../sql.ts'

/** What a person found out about a lost attempt: it is to be tried again, or has ended so. */
export type Resolution = 'retry' | 'succeeded' | 'failed'

/** What became of the wish to resolve a run. */
export type Resolved =
  | { readonly kind: 'done' }
  /** There is no such run, or it is another owner's. */
  | { readonly kind: 'unknown' }
  /** It does not wait for a person. */
  | { readonly kind: 'refused' }

/**
 * Ends the wait of a run that is held because its executor vanished and its job's `onLost` policy is
 * `hold`: with another attempt, even where the attempts are used up, or with the outcome that a
 * person has found out. A run of the same job that waited for it is due at once.
 *
 * Served by the primary keys.
 */
export async function resolveUnknown(
  pool: Pool,
  key: RunKey,
  owner: UserId,
  resolution: Resolution,
): Promise<Resolved> {
  const job = uuidOf(key.jobId)
  const at = formatInstant(key.scheduledAt)
  return pool.transaction(async tx => {
    const { rowCount: jobs } = await tx.query(prepared('lock-job-of-run')`
      select from job_definitions
       where job_id = ${job} and created_by = ${owner} and state <> 'DELETED'
         for update`)
    if (jobs === 0) return { kind: 'unknown' }
    const { rows } = await tx.query<{ hold: string | null }>(prepared('lock-run')`
      select hold from runs_live
       where job_id = ${job} and scheduled_at = ${at}::timestamptz and not done
         for update`)
    if (rows[0] === undefined) {
      const { rowCount: done } = await tx.query(prepared('find-done')`
        select from runs_done where job_id = ${job} and scheduled_at = ${at}::timestamptz and done`)
      return { kind: done === 0 ? 'unknown' : 'refused' }
    }
    if (rows[0].hold !== 'UNKNOWN') return { kind: 'refused' }
    if (resolution === 'retry') {
      await tx.query(prepared('resolve-retry')`
        update runs_live q
           set hold = case when d.state = 'PAUSED' and q.reason not in ('MANUAL', 'REPLAY')
                 then 'PAUSED' end,
               wake_at = case when d.state <> 'PAUSED' or q.reason in ('MANUAL', 'REPLAY')
                 then now() end
          from job_definitions d
         where q.job_id = ${job} and q.scheduled_at = ${at}::timestamptz and not q.done
           and d.job_id = q.job_id`)
      return { kind: 'done' }
    }
    const status = resolution === 'succeeded' ? 'SUCCEEDED' : 'FAILED'
    await tx.query(prepared('resolve-ended')`
      with ended as (
        delete from runs_live
         where job_id = ${job} and scheduled_at = ${at}::timestamptz and not done
        returning *),
      pulled as (
        update runs_live q set wake_at = now()
         where q.ctid = (
                 select n.ctid from runs_live n
                  where n.job_id = ${job} and n.status = 'PENDING' and n.attempt = 0
                    and n.due_at <= now() and n.wake_at > now()
                  order by n.scheduled_at
                  limit 1
                    for update skip locked))
      insert into runs_done (
        job_id, scheduled_at, due_at, expires_at, claimed_at, finished_at, fence, job_version,
        attempt, max_attempts, dispatches, lost, priority, done, recurring, status, reason, owner,
        tzdata, replay_of, requested_by, payload, error)
      select job_id, scheduled_at, due_at, expires_at, claimed_at, clock_timestamp(), fence + 1,
             job_version, attempt, max_attempts, dispatches, lost, priority, true, recurring,
             ${status}::text, reason, owner, tzdata, replay_of, requested_by, payload,
             case when ${status}::text = 'FAILED' then ${JSON.stringify(SAID_FAILED)}::jsonb end
        from ended`)
    if (resolution === 'failed') await pauseFailing(tx, [key])
    return { kind: 'done' }
  })
}

const SAID_FAILED = {
  name: 'ResolvedAsFailed',
  message: 'its executor vanished, and a person said that the attempt had failed',
}
