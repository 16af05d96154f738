import {
  type ExecutionMode,
  formatExactInstant,
  formatInstant,
  type Instant,
  type JobId,
  type JobType,
  jobIdOf,
  type Priority,
  priorities,
  springDst,
  type Trigger,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** A job to be stored: checked, with its first fire time decided. */
export interface NewJob {
  readonly jobId: JobId
  readonly owner: UserId
  readonly payload: Readonly<Record<string, unknown>>
  readonly trigger: NewTrigger
  readonly priority: Priority
  readonly maxAttempts: number
  readonly timeoutMs: number
}

/** A trigger; a recurring one with the first fire after `plannedAt`, both by the database's clock. */
export type NewTrigger =
  | Exclude<Trigger, { kind: 'cron' }>
  | (Extract<Trigger, { kind: 'cron' }> & {
      readonly plannedAt: Instant
      readonly firstFireAt: Instant
      /** The version of the time zone data that it was planned with. */
      readonly tzdata: string
    })

export interface Created {
  readonly jobId: JobId
  readonly nextRunAt: Instant
  /** Until the first fire, in milliseconds; 0 or less when the job is due. */
  readonly dueInMs: number
}

/**
 * Stores jobs, each with its trigger's first version and its first run, all or none of them in one
 * statement. What it answers is committed.
 */
export async function createJobs(db: Db, jobs: readonly NewJob[]): Promise<Created[]> {
  const { rows } = await db.query<Omit<Created, 'jobId'> & { jobUuid: string }>(prepared('create')`
    with job as materialized (
      select job.*, coalesce(job.due, now()) as due_at,
             coalesce(job.planned_at, now()) as valid_from
        from unnest(
          ${jobs.map(job => uuidOf(job.jobId))}::uuid[],
          ${jobs.map(job => job.owner)}::text[],
          ${jobs.map(job => JSON.stringify(job.payload))}::jsonb[],
          ${jobs.map(job => typeOf(job.trigger))}::text[],
          ${jobs.map(job => modeOf(job.trigger))}::text[],
          ${jobs.map(job => cronOf(job.trigger)?.expression ?? null)}::text[],
          ${jobs.map(job => cronOf(job.trigger)?.timeZone ?? 'UTC')}::text[],
          ${jobs.map(job => (cronOf(job.trigger)?.dst ?? springDst).gap)}::text[],
          ${jobs.map(job => (cronOf(job.trigger)?.dst ?? springDst).overlap)}::text[],
          ${jobs.map(job => cronOf(job.trigger)?.tzdata ?? null)}::text[],
          ${jobs.map(job => dueAt(job.trigger))}::timestamptz[],
          ${jobs.map(job => plannedAt(job.trigger))}::timestamptz[],
          ${jobs.map(job => priorities.indexOf(job.priority))}::smallint[],
          ${jobs.map(job => job.maxAttempts)}::int[],
          ${jobs.map(job => job.timeoutMs)}::int[])
          as job (job_id, owner, payload, job_type, execution_mode, cron_expression, time_zone,
                  dst_gap, dst_overlap, tzdata, due, planned_at, priority, max_attempts, timeout_ms)),
    definition as (
      insert into job_definitions (
        job_id, job_type, execution_mode, cron_expression, time_zone, dst_gap, dst_overlap,
        payload, priority, max_attempts, timeout_ms, created_at, updated_at, created_by)
      select job_id, job_type, execution_mode, cron_expression, time_zone, dst_gap, dst_overlap,
             payload, priority, max_attempts, timeout_ms, date_trunc('milliseconds', now()),
             date_trunc('milliseconds', now()), owner
        from job),
    trigger as (
      insert into triggers (job_id, version, cron_expression, time_zone, dst_gap, dst_overlap,
                            run_at, valid_from)
      select job_id, 1, cron_expression, time_zone, dst_gap, dst_overlap,
             case when cron_expression is null then due_at end, valid_from
        from job)
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, priority, recurring,
                           status, owner, tzdata)
    select job_id, date_trunc('milliseconds', due_at), due_at, due_at, max_attempts, priority,
           job_type = 'RECURRING', 'PENDING', owner, tzdata
      from job
    returning job_id as "jobUuid", due_at as "nextRunAt",
              extract(epoch from due_at - clock_timestamp())::float8 * 1000 as "dueInMs"`)
  return rows.map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
}

function typeOf(trigger: NewTrigger): JobType {
  return trigger.kind === 'cron' ? 'RECURRING' : 'ONE_TIME'
}

function modeOf(trigger: NewTrigger): ExecutionMode | null {
  if (trigger.kind === 'cron') return null
  return trigger.kind === 'at' ? 'SCHEDULED' : 'IMMEDIATE'
}

function cronOf(trigger: NewTrigger): Extract<NewTrigger, { kind: 'cron' }> | null {
  return trigger.kind === 'cron' ? trigger : null
}

/** Null is now, by the statement's own clock. */
function dueAt(trigger: NewTrigger): string | null {
  switch (trigger.kind) {
    case 'immediate':
      return null
    case 'at':
      return formatExactInstant(trigger.runAt)
    case 'cron':
      return formatInstant(trigger.firstFireAt)
    default:
      return trigger satisfies never
  }
}

function plannedAt(trigger: NewTrigger): string | null {
  const cron = cronOf(trigger)
  return cron && formatInstant(cron.plannedAt)
}
