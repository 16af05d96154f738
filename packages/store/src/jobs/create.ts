import {
  type ExecutionMode,
  formatExactInstant,
  formatInstant,
  type Instant,
  type JobId,
  type JobPolicies,
  type JobType,
  jobIdOf,
  priorities,
  spreadOffsetMs,
  springDst,
  type Trigger,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** A job to be stored: checked, with its first fire time decided. */
export interface NewJob extends JobPolicies {
  readonly jobId: JobId
  readonly owner: UserId
  /** Null for none; not unique. */
  readonly name: string | null
  readonly tags: readonly string[]
  readonly payload: Readonly<Record<string, unknown>>
  readonly trigger: NewTrigger
  /** W3C trace context of the request, for its first run. */
  readonly traceparent?: string | undefined
}

type Recurring = Extract<Trigger, { kind: 'cron' | 'every' }>

/** A trigger; a recurring one with the first fire after `plannedAt`, both by the database's clock. */
export type NewTrigger =
  | Exclude<Trigger, Recurring>
  | (Recurring & {
      readonly plannedAt: Instant
      /** On the grid; the job is due then, or later by the offset of its spread. */
      readonly firstFireAt: Instant
      /** The version of the time zone data that it was planned with; null for an interval. */
      readonly tzdata: string | null
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
      select job.*, coalesce(job.fire, now()) as fire_at,
             coalesce(job.fire, now()) + interval '1 millisecond' * job.offset_ms as due_at,
             coalesce(job.planned_at, now()) as valid_from
        from unnest(
          ${jobs.map(job => uuidOf(job.jobId))}::uuid[],
          ${jobs.map(job => job.owner)}::text[],
          ${jobs.map(job => job.name)}::text[],
          ${jobs.map(job => JSON.stringify(job.tags))}::jsonb[],
          ${jobs.map(job => JSON.stringify(job.payload))}::jsonb[],
          ${jobs.map(job => JSON.stringify(triggerColumns(job.trigger)))}::jsonb[],
          ${jobs.map(job => tzdataOf(job.trigger))}::text[],
          ${jobs.map(job => fireAt(job.trigger))}::timestamptz[],
          ${jobs.map(offsetOf)}::float8[],
          ${jobs.map(job => plannedAt(job.trigger))}::timestamptz[],
          ${jobs.map(job => priorities.indexOf(job.priority))}::smallint[],
          ${jobs.map(job => job.maxAttempts)}::int[],
          ${jobs.map(job => job.timeoutMs)}::int[],
          ${jobs.map(job => job.expireAfterMs)}::float8[],
          ${jobs.map(job => JSON.stringify(otherPolicies(job)))}::jsonb[])
          as job (job_id, owner, name, tags, payload, trigger, tzdata, fire, offset_ms, planned_at,
                  priority, max_attempts, timeout_ms, expire_after_ms, policies)),
    wanted as materialized (
      select job.*, t.*, p.*
        from job,
             jsonb_to_record(job.trigger) as t (
               job_type text, execution_mode text, cron_expression text, time_zone text,
               dst_gap text, dst_overlap text, every_ms bigint, anchor_at timestamptz,
               start_at timestamptz, end_at timestamptz),
             jsonb_to_record(job.policies) as p (
               backoff text, backoff_base_ms bigint, backoff_cap_ms bigint, backoff_jitter real,
               overlap text, misfire text, catch_up_limit int, spread_ms bigint, on_lost text,
               pause_after_failures int, traceparent text)),
    definition as (
      insert into job_definitions (
        job_id, name, tags, job_type, execution_mode, cron_expression, time_zone, dst_gap,
        dst_overlap, every_ms, anchor_at, start_at, end_at, payload, priority, max_attempts,
        timeout_ms, expire_after_ms, backoff, backoff_base_ms, backoff_cap_ms, backoff_jitter,
        overlap, misfire, catch_up_limit, spread_ms, on_lost, pause_after_failures, created_at,
        updated_at, created_by)
      select job_id, name, array(select jsonb_array_elements_text(tags)), job_type, execution_mode,
             cron_expression, time_zone, dst_gap, dst_overlap, every_ms, anchor_at, start_at, end_at,
             payload, priority, max_attempts, timeout_ms, expire_after_ms, backoff, backoff_base_ms,
             backoff_cap_ms, backoff_jitter, overlap, misfire, catch_up_limit, spread_ms, on_lost,
             pause_after_failures, date_trunc('milliseconds', now()),
             date_trunc('milliseconds', now()), owner
        from wanted),
    trigger as (
      insert into triggers (job_id, version, cron_expression, time_zone, dst_gap, dst_overlap,
                            every_ms, anchor_at, start_at, end_at, run_at, valid_from, made_by)
      select job_id, 1, cron_expression, time_zone, dst_gap, dst_overlap, every_ms, anchor_at,
             start_at, end_at, case when job_type = 'ONE_TIME' then fire_at end, valid_from, owner
        from wanted)
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, expires_at, max_attempts, priority,
                           recurring, status, owner, tzdata, traceparent)
    select job_id, date_trunc('milliseconds', fire_at), due_at, due_at,
           due_at + interval '1 millisecond' * expire_after_ms, max_attempts, priority,
           job_type = 'RECURRING', 'PENDING', owner, tzdata, traceparent
      from wanted
    returning job_id as "jobUuid", due_at as "nextRunAt",
              extract(epoch from due_at - clock_timestamp())::float8 * 1000 as "dueInMs"`)
  return rows.map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
}

/** The trigger's columns of `job_definitions`. */
function triggerColumns(trigger: NewTrigger): object {
  const dst = trigger.kind === 'cron' ? trigger.dst : springDst
  return {
    job_type: (isRecurring(trigger) ? 'RECURRING' : 'ONE_TIME') satisfies JobType,
    execution_mode: modeOf(trigger),
    cron_expression: trigger.kind === 'cron' ? trigger.expression : null,
    time_zone: trigger.kind === 'cron' ? trigger.timeZone : 'UTC',
    dst_gap: dst.gap,
    dst_overlap: dst.overlap,
    every_ms: trigger.kind === 'every' ? trigger.everyMs : null,
    anchor_at: trigger.kind === 'every' ? formatInstant(trigger.anchorAt) : null,
    start_at: isRecurring(trigger) ? textOf(trigger.startAt) : null,
    end_at: isRecurring(trigger) ? textOf(trigger.endAt) : null,
  }
}

/** The policies that only the engine and the owner look at, and what few jobs have, by column. */
function otherPolicies(job: NewJob): object {
  return {
    traceparent: job.traceparent, // no key where there is none
    backoff: job.backoff,
    backoff_base_ms: job.backoffBaseMs,
    backoff_cap_ms: job.backoffCapMs,
    backoff_jitter: job.backoffJitter,
    overlap: job.overlap,
    misfire: job.misfire,
    catch_up_limit: job.catchUpLimit,
    spread_ms: job.spreadMs,
    on_lost: job.onLost,
    pause_after_failures: job.pauseAfterFailures,
  }
}

function isRecurring<T extends Trigger>(trigger: T): trigger is Extract<T, Recurring> {
  return trigger.kind === 'cron' || trigger.kind === 'every'
}

function modeOf(trigger: NewTrigger): ExecutionMode | null {
  if (isRecurring(trigger)) return null
  return trigger.kind === 'at' ? 'SCHEDULED' : 'IMMEDIATE'
}

/** Null is now, by the statement's own clock. */
function fireAt(trigger: NewTrigger): string | null {
  if (isRecurring(trigger)) return formatInstant(trigger.firstFireAt)
  return trigger.kind === 'at' ? formatExactInstant(trigger.runAt) : null
}

function offsetOf({ jobId, trigger, spreadMs }: NewJob): number {
  return isRecurring(trigger) ? spreadOffsetMs(jobId, spreadMs) : 0
}

function plannedAt(trigger: NewTrigger): string | null {
  return isRecurring(trigger) ? formatInstant(trigger.plannedAt) : null
}

function tzdataOf(trigger: NewTrigger): string | null {
  return isRecurring(trigger) ? trigger.tzdata : null
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
