import {
  type Instant,
  type JobId,
  jobIdOf,
  recurrenceOf,
  type StoredRecurrence,
  type TriggerVersion,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/** What was expected of a job, and what waits of it. */
export interface JobHistory {
  readonly jobId: JobId
  /** From the first on. */
  readonly versions: readonly TriggerVersion[]
  /**
   * The latest fire time whose run no scheduler has taken yet: what follows is planned when it is
   * taken. Null where there is none.
   */
  readonly waitingAt: Instant | null
  /** The earliest missed fire time that is still to be caught up with, one by one. */
  readonly catchingUpAt: Instant | null
}

/**
 * The history of the triggers of these jobs. A job that is gone has none.
 * Served by the primary keys of `triggers` and `runs_live`.
 */
export async function readHistories(db: Db, jobs: readonly JobId[]): Promise<JobHistory[]> {
  const uuids = jobs.map(uuidOf)
  const { rows } = await db.query<VersionRow>(sql`
    select t.job_id as "jobUuid", t.version, t.state = 'PAUSED' as "isPaused",
           t.valid_from as "validFrom", t.valid_to as "validTo", t.run_at as "runAt",
           t.cron_expression as "cronExpression", t.time_zone as "timeZone",
           t.dst_gap as "dstGap", t.dst_overlap as "dstOverlap", t.every_ms as "everyMs",
           t.anchor_at as "anchorAt", t.start_at as "startAt", t.end_at as "endAt",
           waiting.at as "waitingAt", waiting.catch_up_at as "catchingUpAt"
      from triggers t,
           lateral (
             select max(q.scheduled_at) filter (where q.reason = 'FIRE') as at,
                    min(q.scheduled_at) filter (where q.reason = 'CATCH_UP') as catch_up_at
               from runs_live q
              where q.job_id = t.job_id and q.status = 'PENDING' and q.attempt = 0
                and q.dispatches = 0) waiting
     where t.job_id = any(${uuids}::uuid[])
     order by t.job_id, t.version`)
  return Array.from(
    Map.groupBy(rows, row => row.jobUuid),
    ([jobUuid, own]) => ({
      jobId: jobIdOf(jobUuid),
      versions: own.map(toVersion),
      waitingAt: own[0]!.waitingAt,
      catchingUpAt: own[0]!.catchingUpAt,
    }),
  )
}

interface VersionRow extends StoredRecurrence, Omit<TriggerVersion, 'trigger'> {
  readonly jobUuid: string
  readonly runAt: Instant | null
  readonly waitingAt: Instant | null
  readonly catchingUpAt: Instant | null
}

function toVersion(row: VersionRow): TriggerVersion {
  const { version, isPaused, validFrom, validTo, runAt } = row
  const trigger: TriggerVersion['trigger'] =
    runAt === null ? { kind: 'recurring', recurrence: recurrenceOf(row) } : { kind: 'once', runAt }
  return { version, isPaused, validFrom, validTo, trigger }
}
