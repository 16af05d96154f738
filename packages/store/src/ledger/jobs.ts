import { formatInstant, type Instant, type JobId, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

export interface LedgerJob {
  readonly jobId: JobId
  readonly isRecurring: boolean
}

/**
 * A page of all owners' jobs of which a fire time may have been expected since an instant, in the
 * order of their ids; those that were deleted too. Served by the primary key of `triggers`.
 *
 * @param after the last job of the page before
 */
export async function pageLedgerJobs(
  db: Db,
  since: Instant,
  after: JobId | null,
  limit: number,
): Promise<LedgerJob[]> {
  const start = formatInstant(since)
  const { rows } = await db.query<LedgerJob>(sql`
    select 'job_' || t.job_id as "jobId", bool_or(t.run_at is null) as "isRecurring"
      from triggers t
     where t.job_id > ${after === null ? NIL : uuidOf(after)}::uuid
       and (t.run_at is null or greatest(t.run_at, t.valid_from) >= ${start}::timestamptz)
       and coalesce(t.valid_to, 'infinity') >= ${start}::timestamptz
     group by t.job_id
     order by t.job_id
     limit ${limit}::int`)
  return rows
}

/** Before all others. */
const NIL = '00000000-0000-0000-0000-000000000000'
