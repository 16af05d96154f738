import { type DeadLetter, type Instant, jobIdOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import type { RecordedError } from './attempts.ts'
import { inKeyOrder, keyColumns } from './keys.ts'

interface Row {
  readonly jobUuid: string
  readonly scheduledAt: Instant
  readonly attempts: number
  readonly failedAt: Instant
  readonly error: RecordedError | null
  readonly jobVersion: number
}

/**
 * The runs that failed for good and that the world has not been told of, oldest first.
 *
 * Served by `runs_done_dead_letters`, which holds no others.
 */
export async function readDeadLetters(db: Db, limit: number): Promise<DeadLetter[]> {
  const { rows } = await db.query<Row>(prepared('dead-letters')`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", attempt as attempts,
           finished_at as "failedAt", error, job_version as "jobVersion"
      from runs_done
     where status = 'FAILED' and dlt_at is null
     order by finished_at
     limit ${limit}::int`)
  return rows.map(({ jobUuid, error, ...row }) => ({
    ...row,
    jobId: jobIdOf(jobUuid),
    error: { name: error?.name ?? 'Error', message: error?.message ?? 'failed' },
  }))
}

/**
 * Puts on record that the world has been told of these runs. Whoever dies before that tells it
 * again. Served by the primary key of `runs_done`.
 */
export async function markDeadLetters(db: Db, letters: readonly DeadLetter[]): Promise<void> {
  const { jobs, fireTimes } = keyColumns(inKeyOrder(letters))
  await db.query(prepared('mark-dead-letters')`
    update runs_done q
       set dlt_at = now()
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as told (job_id, ms)
     where q.job_id = told.job_id
       and q.scheduled_at = to_timestamp(told.ms / 1000)::timestamptz(3)
       and q.done
       and q.dlt_at is null`)
}
