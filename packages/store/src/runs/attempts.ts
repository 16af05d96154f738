import {
  type Fence,
  type Instant,
  type JobId,
  jobIdOf,
  type RunKey,
  type UserId,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { type FencedKey, inKeyOrder, keyColumns } from './keys.ts'

/** An attempt that has begun: what the executor needs to run its task. */
export interface Started extends RunKey {
  readonly jobId: JobId
  readonly fence: Fence
  /** From 1. */
  readonly attempt: number
  readonly maxAttempts: number
  /** How often the run's executor has vanished. */
  readonly lost: number
  readonly owner: UserId
  readonly payload: Record<string, unknown>
  readonly timeoutMs: number
  readonly recurring: boolean
  readonly dueAt: Instant
  readonly startedAt: Instant
}

/** What a bus event says of the run to start. */
export interface Announced extends RunKey {
  /** From 1. */
  readonly attempt: number
  /** Null where the event names none: then the attempt decides. */
  readonly fence: Fence | null
}

/**
 * Starts the runs that these events announce, in one statement, and answers those that did start.
 * An event missing from the answer was a duplicate or carried an old fence: count it, drop it.
 *
 * A call whose answer was lost may be made again with `again`: what it started then is answered a
 * second time, as this executor's.
 *
 * Served by the primary keys of `runs_live` and `job_definitions`.
 */
export async function startRuns(
  db: Db,
  events: readonly Announced[],
  { executor, leaseMs, again }: { executor: string; leaseMs: number; again: boolean },
): Promise<Started[]> {
  const sorted = inKeyOrder(events)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<Omit<Started, 'jobId'> & { jobUuid: string }>(prepared('start')`
    update runs_live q
       set status = 'RUNNING',
           attempt = q.attempt + (q.status = 'DISPATCHED')::int,
           started_at = clock_timestamp(),
           executor = ${executor}::text,
           deadline_at = clock_timestamp() + interval '1 millisecond' * d.timeout_ms,
           wake_at = clock_timestamp() + interval '1 millisecond' * ${leaseMs}::float8
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(e => e.fence)}::bigint[],
                  ${sorted.map(e => e.attempt)}::int[]) as event (job_id, ms, fence, attempt),
           job_definitions d
     where q.job_id = event.job_id
       and q.scheduled_at = to_timestamp(event.ms / 1000)::timestamptz(3)
       and not q.done
       and q.fence = coalesce(event.fence, q.fence)
       and q.due_at <= clock_timestamp()
       and (q.status = 'DISPATCHED' and (event.fence is not null or event.attempt = q.attempt + 1)
            or ${again}::boolean and q.status = 'RUNNING' and q.executor = ${executor}::text)
       and d.job_id = event.job_id
       and (d.state = 'ACTIVE' or d.state = 'PAUSED' and q.reason in ('MANUAL', 'REPLAY'))
    returning q.job_id as "jobUuid", q.scheduled_at as "scheduledAt", q.fence, q.attempt,
              q.max_attempts as "maxAttempts", q.lost, q.owner, d.payload, q.recurring,
              d.timeout_ms as "timeoutMs", q.due_at as "dueAt", q.started_at as "startedAt"`)
  return rows.map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
}

/**
 * Moves the leases of these running attempts on, but none past its deadline and the grace after
 * it, and answers those that are still held. What is missing was cancelled or taken over.
 *
 * Served by the primary key of `runs_live`.
 */
export async function extendLeases(
  db: Db,
  attempts: readonly FencedKey[],
  { leaseMs, graceMs }: { leaseMs: number; graceMs: number },
): Promise<FencedKey[]> {
  const sorted = inKeyOrder(attempts)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rows } = await db.query<{ jobUuid: string; scheduledAt: Instant; fence: Fence }>(
    prepared('heartbeat')`
    update runs_live q
       set wake_at = least(now() + interval '1 millisecond' * ${leaseMs}::float8,
                           q.deadline_at + interval '1 millisecond' * ${graceMs}::float8)
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(a => a.fence)}::bigint[])
        as mine (job_id, ms, fence)
     where q.job_id = mine.job_id
       and q.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
       and not q.done
       and q.fence = mine.fence
       and q.status = 'RUNNING'
    returning q.job_id as "jobUuid", q.scheduled_at as "scheduledAt", q.fence`,
  )
  return rows.map(({ jobUuid, ...row }) => ({ jobId: jobIdOf(jobUuid), ...row }))
}
