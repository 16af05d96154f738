import {
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  type RunId,
  runIdOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'

/**
 * LEFT: unfinished, and nobody has looked after it for longer than recovery may take.
 * TWICE: finished and unfinished at once.
 * EARLY: an attempt began before the run was due.
 */
export type BrokenRule = 'LEFT' | 'TWICE' | 'EARLY'

/** A run that breaks a rule which all runs keep. */
export interface RuleBreak {
  readonly rule: BrokenRule
  readonly jobId: JobId
  readonly runId: RunId
  /** When it was to be looked after, or was due. */
  readonly at: Instant
}

/** Recovery may take as long as a lease, and this much more, in milliseconds. */
const RECOVERY_MS = 5_000

/**
 * Runs that break a rule: those unfinished now, and those with a fire time from `since` on. A run
 * that waits is `LEFT` only while executors are there and have nothing to do, and none is while
 * there is no executor at all: then nothing can be looked after.
 *
 * Served by `runs_done_by_fire_time`, the primary keys, and a scan of `runs_live`.
 *
 * @param leaseMs of executions
 * @param limit for each rule
 */
export async function readRuleBreaks(
  db: Db,
  since: Instant,
  { leaseMs, limit }: { leaseMs: number; limit: number },
): Promise<RuleBreak[]> {
  const { rows } = await db.query<Omit<RuleBreak, 'jobId' | 'runId'> & RowKey>(sql`
    with alive as (
      select count(*) > 0 as some, coalesce(sum(free) = sum(slots), false) as idle
        from executors
       where seen_at > now() - interval '1 millisecond' * ${leaseMs}::float8),
    on_its_way as (select exists (select from runs_live where status = 'DISPATCHED') as some)
    (select 'LEFT' as rule, q.job_id as "jobUuid", q.scheduled_at as "scheduledAt", q.wake_at as at
       from runs_live q, alive, on_its_way
      where alive.some
        and q.wake_at < now() - interval '1 millisecond' * ${leaseMs + RECOVERY_MS}::float8
        and (q.status <> 'PENDING' or (alive.idle and not on_its_way.some))
      order by q.wake_at limit ${limit}::int)
    union all
    (select 'TWICE', q.job_id, q.scheduled_at, q.due_at
       from runs_live q
       join runs_done r on r.job_id = q.job_id and r.scheduled_at = q.scheduled_at
      limit ${limit}::int)
    union all
    (select 'EARLY', r.job_id, r.scheduled_at, r.due_at
       from runs r
      where r.scheduled_at >= ${formatInstant(since)}::timestamptz and r.started_at < r.due_at
      limit ${limit}::int)
    union all
    (select 'EARLY', r.job_id, r.scheduled_at, r.due_at
       from attempts a
       join runs r on r.job_id = a.job_id and r.scheduled_at = a.scheduled_at
      where a.scheduled_at >= ${formatInstant(since)}::timestamptz and a.started_at < r.due_at
      limit ${limit}::int)`)
  return rows.map(({ jobUuid, scheduledAt, rule, at }) => {
    const jobId = jobIdOf(jobUuid)
    return { rule, jobId, runId: runIdOf({ jobId, scheduledAt }), at }
  })
}

interface RowKey {
  readonly jobUuid: string
  readonly scheduledAt: Instant
}
