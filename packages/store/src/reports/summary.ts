import { formatInstant, type Instant, type JobId, type UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import type { Period } from './period.ts'

/** What an owner's runs of a period came to. Its size does not grow with their number. */
export interface RunSummary {
  readonly totals: RunTotals
  /** The period in equal parts, in order; the empty ones too. */
  readonly spans: readonly RunSpan[]
  /** The jobs with the most runs, those first. */
  readonly jobs: readonly JobSummary[]
  /** The runs that failed last, latest first. */
  readonly failures: readonly FailedRun[]
}

export interface RunCounts {
  readonly runs: number
  readonly succeeded: number
  readonly failed: number
}

export interface RunTotals extends RunCounts {
  readonly cancelled: number
  /** Waiting, dispatched or running. */
  readonly unfinished: number
  /** Runs that took more than one attempt. */
  readonly retried: number
  /** Jobs that had a run. */
  readonly jobs: number
  /** Of the last attempts of finished runs, in milliseconds; null where none has finished. */
  readonly medianMs: number | null
  readonly p95Ms: number | null
}

export interface RunSpan extends RunCounts {
  readonly from: Instant
}

export interface JobSummary extends RunCounts {
  readonly jobId: JobId
  readonly task: string
  readonly label: string
  readonly averageMs: number | null
  readonly lastFireAt: Instant
}

export interface FailedRun {
  readonly jobId: JobId
  readonly task: string
  readonly scheduledAt: Instant
  readonly attempt: number
  /** The beginning of what was recorded. */
  readonly message: string
}

export interface SummaryOptions {
  /** Into how many parts the period is cut, 1 or more. */
  readonly spans: number
  /** How many jobs and how many failures are told. */
  readonly top: number
}

/** Texts that users wrote are cut to this many characters. */
const LABEL_LENGTH = 80
const MESSAGE_LENGTH = 300

/**
 * Sums up the runs of an owner's jobs whose fire time lies in the period, in one statement, so that
 * all figures are of one instant.
 *
 * Served by `job_definitions_by_owner` and the primary keys of both partitions, or by
 * `runs_done_by_fire_time` where an owner has very many jobs: for a pool with `general` plans.
 */
export async function summarizeRuns(
  db: Db,
  owner: UserId,
  period: Period,
  { spans, top }: SummaryOptions,
): Promise<RunSummary> {
  const { rows } = await db.query<RunSummary>(sql`
    with run as materialized (
      select r.job_id, r.scheduled_at, r.status, r.attempt,
             case when r.done then extract(epoch from r.finished_at - r.started_at) * 1000 end as ms,
             case when r.status = 'FAILED' then left(r.error ->> 'message', ${MESSAGE_LENGTH}) end
               as message
        from job_definitions d
        join runs r on r.job_id = d.job_id
       where d.created_by = ${owner}
         and r.scheduled_at >= ${formatInstant(period.from)}::timestamptz
         and r.scheduled_at < ${formatInstant(period.to)}::timestamptz),
    totals as (
      select count(*) as runs,
             count(*) filter (where status = 'SUCCEEDED') as succeeded,
             count(*) filter (where status = 'FAILED') as failed,
             count(*) filter (where status = 'CANCELLED') as cancelled,
             count(*) filter (where status in ('PENDING', 'DISPATCHED', 'RUNNING')) as unfinished,
             count(*) filter (where attempt > 1) as retried,
             count(distinct job_id) as jobs,
             percentile_cont(0.5) within group (order by ms) as "medianMs",
             percentile_cont(0.95) within group (order by ms) as "p95Ms"
        from run),
    span as (
      select n, count(run.job_id) as runs,
             count(*) filter (where status = 'SUCCEEDED') as succeeded,
             count(*) filter (where status = 'FAILED') as failed
        from generate_series(0, ${spans}::int - 1) as n
        left join (
          select run.*, least(${spans}::int - 1, floor(${spans}::int
                   * (extract(epoch from scheduled_at) * 1000 - ${period.from}::numeric)
                   / (${period.to}::numeric - ${period.from}::numeric))) as part
            from run) run on run.part = n
       group by n),
    job as (
      select job_id, count(*) as runs,
             count(*) filter (where status = 'SUCCEEDED') as succeeded,
             count(*) filter (where status = 'FAILED') as failed,
             avg(ms) as average_ms, max(scheduled_at) as last_fire_at
        from run
       group by job_id
       order by runs desc, job_id
       limit ${top}::int),
    failure as (
      select job_id, scheduled_at, attempt, message
        from run
       where status = 'FAILED'
       order by scheduled_at desc, job_id
       limit ${top}::int)
    select (select to_jsonb(totals) from totals) as totals,
           (select jsonb_agg(jsonb_build_object(
                     'from', round(${period.from}::numeric
                               + n * (${period.to}::numeric - ${period.from}::numeric)
                               / ${spans}::int),
                     'runs', runs, 'succeeded', succeeded, 'failed', failed) order by n)
              from span) as spans,
           (select coalesce(jsonb_agg(jsonb_build_object(
                     'jobId', 'job_' || job_id, 'task', coalesce(d.payload ->> 'task', ''),
                     'label', left(coalesce(d.payload ->> 'template', d.payload ->> 'url', ''),
                                   ${LABEL_LENGTH}),
                     'runs', runs, 'succeeded', succeeded, 'failed', failed,
                     'averageMs', average_ms,
                     'lastFireAt', extract(epoch from last_fire_at) * 1000)
                     order by runs desc, job_id), '[]')
              from job join job_definitions d using (job_id)) as jobs,
           (select coalesce(jsonb_agg(jsonb_build_object(
                     'jobId', 'job_' || job_id, 'task', coalesce(d.payload ->> 'task', ''),
                     'scheduledAt', extract(epoch from scheduled_at) * 1000,
                     'attempt', attempt, 'message', coalesce(message, ''))
                     order by scheduled_at desc, job_id), '[]')
              from failure join job_definitions d using (job_id)) as failures`)
  return rows[0]!
}
