import { formatExactInstant, type Instant, type JobId, later, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { type Kind, kindsOf } from './kinds.ts'
import { firstFireOf, type NewJob, offsetOf } from './new-job.ts'

export interface Created {
  readonly jobId: JobId
  readonly nextRunAt: Instant
  /** Until the first fire, in milliseconds; 0 or less when the job is due. */
  readonly dueInMs: number
}

/**
 * Stores jobs, each with its trigger's first version and its first run, all or none of them in one
 * statement. What it answers is committed. Jobs mostly come in kinds: what those of one kind have in
 * common is sent and read once.
 */
export async function createJobs(db: Db, jobs: readonly NewJob[]): Promise<Created[]> {
  const kinds = kindsOf(jobs)
  const sorted = kinds.flatMap(kind => kind.jobs)
  const places = placesOf(kinds)
  const { rows } = await db.query<{ now: Instant; clock: number }>(prepared('create')`
    with kind as materialized (
      select kind.first, kind.last, k.*, coalesce(k.planned_at, now()) as valid_from
        from unnest(${kinds.map(kind => kind.common)}::jsonb[],
                    ${places.map(place => place.first)}::int[],
                    ${places.map(place => place.last)}::int[]) as kind (common, first, last),
             jsonb_to_record(kind.common) as k (
               owner text, tags text[], job_type text, execution_mode text, cron_expression text,
               time_zone text, dst_gap text, dst_overlap text, every_ms bigint,
               anchor_at timestamptz, start_at timestamptz, end_at timestamptz,
               planned_at timestamptz, tzdata text, priority smallint, max_attempts int,
               timeout_ms int, expire_after_ms float8, backoff text, backoff_base_ms bigint,
               backoff_cap_ms bigint, backoff_jitter real, overlap text, misfire text,
               catch_up_limit int, spread_ms bigint, on_lost text, pause_after_failures int)),
    job as materialized (
      select job_id, name, payload, traceparent, coalesce(fire, now()) as fire_at,
             coalesce(fire, now()) + interval '1 millisecond' * offset_ms as due_at, kind.*
        from kind,
             unnest((${sorted.map(job => uuidOf(job.jobId))}::uuid[])[kind.first:kind.last],
                    (${sorted.map(job => job.name)}::text[])[kind.first:kind.last],
                    (${sorted.map(job => JSON.stringify(job.payload))}::jsonb[])[kind.first:kind.last],
                    (${sorted.map(fireAt)}::timestamptz[])[kind.first:kind.last],
                    (${sorted.map(offsetOf)}::float8[])[kind.first:kind.last],
                    (${sorted.map(job => job.traceparent ?? null)}::text[])[kind.first:kind.last])
               as job (job_id, name, payload, fire, offset_ms, traceparent)),
    definition as (
      insert into job_definitions (
        job_id, name, tags, job_type, execution_mode, cron_expression, time_zone, dst_gap,
        dst_overlap, every_ms, anchor_at, start_at, end_at, payload, priority, max_attempts,
        timeout_ms, expire_after_ms, backoff, backoff_base_ms, backoff_cap_ms, backoff_jitter,
        overlap, misfire, catch_up_limit, spread_ms, on_lost, pause_after_failures, created_at,
        updated_at, created_by)
      select job_id, name, tags, job_type, execution_mode, cron_expression, time_zone, dst_gap,
             dst_overlap, every_ms, anchor_at, start_at, end_at, payload, priority, max_attempts,
             timeout_ms, expire_after_ms, backoff, backoff_base_ms, backoff_cap_ms, backoff_jitter,
             overlap, misfire, catch_up_limit, spread_ms, on_lost, pause_after_failures,
             date_trunc('milliseconds', now()), date_trunc('milliseconds', now()), owner
        from job),
    trigger as (
      insert into triggers (job_id, version, cron_expression, time_zone, dst_gap, dst_overlap,
                            every_ms, anchor_at, start_at, end_at, run_at, valid_from, made_by)
      select job_id, 1, cron_expression, time_zone, dst_gap, dst_overlap, every_ms, anchor_at,
             start_at, end_at, case when job_type = 'ONE_TIME' then fire_at end, valid_from, owner
        from job),
    run as (
      insert into runs_live (job_id, scheduled_at, due_at, wake_at, expires_at, max_attempts,
                             priority, recurring, status, owner, tzdata, traceparent)
      select job_id, date_trunc('milliseconds', fire_at), due_at, greatest(due_at, now()),
             due_at + interval '1 millisecond' * expire_after_ms, max_attempts, priority,
             job_type = 'RECURRING', 'PENDING', owner, tzdata, traceparent
        from job)
    select now() as now, extract(epoch from clock_timestamp())::float8 * 1000 as clock`)
  const { now, clock } = rows[0]!
  return jobs.map(job => {
    const fire = firstFireOf(job.trigger) ?? { at: now, microseconds: 0 }
    const nextRunAt = later(fire.at, offsetOf(job))
    return { jobId: job.jobId, nextRunAt, dueInMs: nextRunAt + fire.microseconds / 1_000 - clock }
  })
}

/** Where the jobs of each kind stand in a list of them all, counted from 1. */
function placesOf(kinds: readonly Kind[]): { first: number; last: number }[] {
  let last = 0
  return kinds.map(({ jobs }) => {
    const first = last + 1
    last += jobs.length
    return { first, last }
  })
}

/** Null is now, by the statement's own clock. */
function fireAt({ trigger }: NewJob): string | null {
  const fire = firstFireOf(trigger)
  return fire === null ? null : formatExactInstant(fire)
}
