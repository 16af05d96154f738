import { type Instant, instant, jobIdOf, type RunKey, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { recordTriggers } from './versions.ts'

/**
 * Pauses those of these runs' jobs whose latest runs all failed, as many as `pauseAfterFailures`
 * says; cancelled ones are not counted. What waits is held, and what was on its way comes back; what
 * runs goes on. The caller holds no locks, or those of the definitions.
 *
 * Served by the primary keys.
 */
export async function pauseFailing(tx: Db, runs: readonly RunKey[]): Promise<void> {
  if (runs.length === 0) return
  const { rows } = await tx.query<{ job: string }>(prepared('failing-jobs')`
    select d.job_id as job
      from job_definitions d
     where d.job_id = any(${runs.map(run => uuidOf(run.jobId))}::uuid[])
       and d.state = 'ACTIVE' and d.pause_after_failures is not null
     order by d.job_id
       for update`)
  if (rows.length === 0) return
  const jobs = rows.map(row => row.job)
  const paused = await tx.query<{ job: string; at: Instant }>(prepared('pause-failing')`
    update job_definitions d
       set state = 'PAUSED', paused_at = now(), updated_at = now(), version = d.version + 1,
           pause_note = 'paused by Cronos: the latest ' || d.pause_after_failures
             || ' runs failed (pauseAfterFailures)'
     where d.job_id = any(${jobs}::uuid[])
       and (select count(*) = d.pause_after_failures and bool_and(latest.status = 'FAILED')
              from (select r.status from runs_done r
                     where r.job_id = d.job_id and r.done
                       and r.reason in ('FIRE', 'CATCH_UP') and r.status <> 'CANCELLED'
                     order by r.scheduled_at desc
                     limit d.pause_after_failures) latest)
    returning d.job_id as job, date_trunc('milliseconds', clock_timestamp()) as at`)
  if (paused.rowCount === 0) return
  const names = paused.rows.map(row => row.job)
  const at = instant(Math.max(...paused.rows.map(row => row.at)))
  await recordTriggers(tx, { at, jobs: names.map(job => ({ jobId: jobIdOf(job) })) }, null, {
    isPause: true,
  })
  await tx.query(prepared('hold-failing')`
    with waiting as (
      select q.ctid as place from runs_live q
       where q.job_id = any(${names}::uuid[]) and q.status in ('PENDING', 'DISPATCHED')
         and q.hold is null and q.reason in ('FIRE', 'CATCH_UP')
       order by q.job_id, q.scheduled_at
         for update)
    update runs_live q
       set status = 'PENDING', hold = 'PAUSED', wake_at = null,
           fence = q.fence + (q.status = 'DISPATCHED')::int
      from waiting
     where q.ctid = waiting.place`)
}
