import {
  type ExecutionMode,
  type Instant,
  type JobId,
  type JobPolicies,
  type JobStatus,
  type JobType,
  priorities,
  type StoredRecurrence,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { type Statement, sql } from '../sql.ts'

/** A job as the plain list shows it. */
export interface JobRow {
  readonly jobId: JobId
  readonly jobType: JobType
  readonly status: JobStatus
  readonly nextRunAt: Instant
  readonly createdAt: Instant
  readonly failureReason: string | null
  readonly failedAt: Instant | null
  readonly attempts: number
}

/** A job with all that its owner asked for. */
export interface JobDetails extends JobRow, JobPolicies, StoredRecurrence {
  readonly executionMode: ExecutionMode | null
  readonly name: string | null
  readonly tags: readonly string[]
  readonly payload: Record<string, unknown>
  /** Null unless it is paused. */
  readonly pausedAt: Instant | null
  readonly pauseNote: string | null
  readonly updatedAt: Instant
  /** Grows with each change. */
  readonly version: number
}

export interface JobFilter {
  readonly status: JobStatus | null
  readonly jobType: JobType | null
  /** Both inclusive, on the creation. */
  readonly from: Instant | null
  readonly to: Instant | null
}

/**
 * An owner's jobs, newest first. Served by `job_definitions_by_owner`; a status is derived, so a
 * filter on it reads the owner's jobs from the newest until the page is full.
 */
export async function listJobs(
  db: Db,
  owner: UserId,
  filter: JobFilter,
  page: { limit: number; offset: number },
): Promise<JobRow[]> {
  const { rows } = await db.query<JobRow>(
    filter.status === null ? plainPage(owner, filter, page) : statusPage(owner, filter, page),
  )
  return rows
}

type Page = { limit: number; offset: number }

/** Finds the page in the definitions alone and derives the status of what is on it. */
function plainPage(owner: UserId, { jobType, from, to }: JobFilter, page: Page): Statement {
  return sql`
    select j.job_id as "jobId", j.job_type as "jobType", j.status, j.next_run_at as "nextRunAt",
           j.created_at as "createdAt", j.failure_reason as "failureReason",
           j.failed_at as "failedAt", j.attempts
      from (select d.job_id
              from job_definitions d
             where d.created_by = ${owner} and d.state <> 'DELETED'
               and (${jobType}::text is null or d.job_type = ${jobType})
               and d.created_at >= coalesce(${instantText(from)}::timestamptz, '-infinity')
               and d.created_at <= coalesce(${instantText(to)}::timestamptz, 'infinity')
             order by d.created_at desc, d.job_id desc
             limit ${page.limit}::int offset ${page.offset}::bigint) page
      join jobs j on j.id = page.job_id
     order by j.created_at desc, j.id desc`
}

function statusPage(
  owner: UserId,
  { status, jobType, from, to }: JobFilter,
  page: Page,
): Statement {
  return sql`
    select j.job_id as "jobId", j.job_type as "jobType", j.status, j.next_run_at as "nextRunAt",
           j.created_at as "createdAt", j.failure_reason as "failureReason",
           j.failed_at as "failedAt", j.attempts
      from jobs j
     where j.created_by = ${owner} and j.status = ${status}
       and (${jobType}::text is null or j.job_type = ${jobType})
       and j.created_at >= coalesce(${instantText(from)}::timestamptz, '-infinity')
       and j.created_at <= coalesce(${instantText(to)}::timestamptz, 'infinity')
     order by j.created_at desc, j.id desc
     limit ${page.limit}::int offset ${page.offset}::bigint`
}

function instantText(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** One job of this owner; null where there is none. Served by the primary key. */
export async function readJob(db: Db, jobId: JobId, owner: UserId): Promise<JobDetails | null> {
  return (await readJobs(db, [jobId], owner))[0] ?? null
}

/** Those of these jobs that are this owner's, in key order. Served by the primary key. */
export async function readJobs(
  db: Db,
  jobIds: readonly JobId[],
  owner: UserId,
): Promise<JobDetails[]> {
  const { rows } = await db.query<Omit<JobDetails, 'priority'> & { priority: number }>(sql`
    select job_id as "jobId", job_type as "jobType", execution_mode as "executionMode", name, tags,
           cron_expression as "cronExpression", time_zone as "timeZone", dst_gap as "dstGap",
           dst_overlap as "dstOverlap", every_ms as "everyMs", anchor_at as "anchorAt",
           start_at as "startAt", end_at as "endAt", payload, status, priority,
           next_run_at as "nextRunAt", attempts, failure_reason as "failureReason",
           failed_at as "failedAt", max_attempts as "maxAttempts", timeout_ms as "timeoutMs",
           backoff, backoff_base_ms as "backoffBaseMs", backoff_cap_ms as "backoffCapMs",
           backoff_jitter as "backoffJitter", overlap, misfire, catch_up_limit as "catchUpLimit",
           expire_after_ms as "expireAfterMs", spread_ms as "spreadMs", on_lost as "onLost",
           pause_after_failures as "pauseAfterFailures", paused_at as "pausedAt",
           pause_note as "pauseNote", created_at as "createdAt", updated_at as "updatedAt", version
      from jobs
     where id = any(${jobIds.map(uuidOf)}::uuid[]) and created_by = ${owner}
     order by id`)
  return rows.map(row => ({ ...row, priority: priorities[row.priority]! }))
}

/** The database's clock: what plans and comes of the future starts here. */
export async function readNow(db: Db): Promise<Instant> {
  const { rows } = await db.query<{ now: Instant }>(sql`select clock_timestamp() as now`)
  return rows[0]!.now
}
