import {
  formatInstant,
  type Instant,
  type JobId,
  type JobType,
  type RunReason,
  type RunStatus,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { Period } from './period.ts'

/** A run as a line of a table. */
export interface RunLine {
  readonly jobId: JobId
  readonly task: string
  readonly jobType: JobType
  readonly scheduledAt: Instant
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly status: RunStatus
  readonly reason: RunReason
  readonly attempt: number
  /** The beginning of what was recorded; null where nothing went wrong. */
  readonly error: string | null
}

/** Rows that are held at once. */
const PAGE_SIZE = 1_000

/**
 * The newest runs of an owner's jobs whose fire time lies in the period, newest first, a page at a
 * time: a cursor, so that the rows are found once and never all held at once. In the caller's
 * transaction, and at most one at a time in it.
 *
 * @param limit of rows in all
 */
export async function* pageRunLines(
  tx: Db,
  owner: UserId,
  period: Period,
  limit: number,
): AsyncGenerator<RunLine[]> {
  await tx.query(sql`
    declare run_lines no scroll cursor for
    select 'job_' || r.job_id as "jobId", coalesce(d.payload ->> 'task', '') as task,
           d.job_type as "jobType", r.scheduled_at as "scheduledAt", r.started_at as "startedAt",
           r.finished_at as "finishedAt", r.status, r.reason, r.attempt,
           left(r.error ->> 'message', 1000) as error
      from job_definitions d
      join runs r on r.job_id = d.job_id
     where d.created_by = ${owner}
       and r.scheduled_at >= ${formatInstant(period.from)}::timestamptz
       and r.scheduled_at < ${formatInstant(period.to)}::timestamptz
     order by r.scheduled_at desc, r.job_id
     limit ${limit}::int`)
  for (;;) {
    const { rows } = await tx.query<RunLine>({
      text: `fetch ${PAGE_SIZE} from run_lines`,
      values: [],
    })
    if (rows.length > 0) yield rows
    if (rows.length < PAGE_SIZE) break
  }
  await tx.query(sql`close run_lines`)
}
