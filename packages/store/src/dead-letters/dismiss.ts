import { type JobId, jobIdOf, type RunKey, type UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { inKeyOrder, keyColumns } from '../runs/keys.ts'
import { prepared } from '../sql.ts'

/**
 * Drops dead letters of this owner and answers those that are dropped now, earlier ones too. What is
 * missing is none of the owner's dead letters. Served by primary keys.
 */
export async function dismissLetters(
  db: Db,
  owner: UserId,
  runs: readonly RunKey[],
): Promise<RunKey[]> {
  const { jobs, fireTimes } = keyColumns(inKeyOrder(runs))
  const { rows } = await db.query<Omit<RunKey, 'jobId'> & { jobUuid: string }>(
    prepared('dismiss-letters')`
      update runs_done q
         set dismissed_at = coalesce(q.dismissed_at, now())
        from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as dropped (job_id, ms),
             job_definitions d
       where q.job_id = dropped.job_id
         and q.scheduled_at = to_timestamp(dropped.ms / 1000)::timestamptz(3)
         and q.done
         and q.status = 'FAILED'
         and q.owner = ${owner}
         and d.job_id = q.job_id
         and d.state <> 'DELETED'
      returning q.job_id as "jobUuid", q.scheduled_at as "scheduledAt"`,
  )
  return rows.map(({ jobUuid, scheduledAt }) => ({
    jobId: jobIdOf(jobUuid) satisfies JobId,
    scheduledAt,
  }))
}
