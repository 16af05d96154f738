import type { FireSpan, Instant, RunKey } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { inKeyOrder, keyColumns } from './keys.ts'
import { LONGEST_WAIT_MS } from './next-fires.ts'

/** A span of fire times that no run of their own stands for. */
export interface SkippedSpan extends FireSpan {
  /** The run that was judged. */
  readonly run: RunKey
}

/**
 * Settles fire times without a run, in the transaction that decides it.
 * Served by the primary key of `skipped`.
 */
export async function recordSkipped(tx: Db, spans: readonly SkippedSpan[]): Promise<void> {
  if (spans.length === 0) return
  const { jobs, fireTimes } = keyColumns(spans.map(span => span.run))
  await tx.query(prepared('skipped')`
    insert into skipped (job_id, from_at, to_at, count, policy, into_run)
    select job_id, to_timestamp(from_ms / 1000), to_timestamp(to_ms / 1000), count, policy,
           case when into_run then to_timestamp(run_ms / 1000) end
      from unnest(${jobs}::uuid[], ${spans.map(s => s.from)}::float8[],
                  ${spans.map(s => s.to)}::float8[], ${spans.map(s => s.count)}::bigint[],
                  ${spans.map(s => s.policy)}::text[], ${fireTimes}::float8[],
                  ${spans.map(s => s.intoRun)}::boolean[])
        as span (job_id, from_ms, to_ms, count, policy, run_ms, into_run)
    on conflict do nothing`)
}

/**
 * Takes claimed runs that are not to be run out of the queue; `recordSkipped` says why. Fire times
 * that had been settled into them no longer name a run. The caller's claim has locked them.
 *
 * Served by the primary key of `runs_live` and by `skipped_into`.
 */
export async function dropClaimed(tx: Db, runs: readonly RunKey[]): Promise<void> {
  if (runs.length === 0) return
  const { jobs, fireTimes } = keyColumns(inKeyOrder(runs))
  await tx.query(prepared('drop-claimed')`
    with run as materialized (
      select job_id, to_timestamp(ms / 1000)::timestamptz(3) as at
        from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as run (job_id, ms)),
    dropped as (
      delete from runs_live q
       using run
       where q.job_id = run.job_id and q.scheduled_at = run.at and not q.done)
    update skipped s set into_run = null
      from run
     where s.job_id = run.job_id and s.into_run = run.at`)
}

/** A claimed run that waits for another one of its job. */
export interface Queued extends RunKey {
  /** When the other one is looked at again; null where that is not known. */
  readonly until: Instant | null
  readonly isCatchUp: boolean
  /** Whether what follows it is planned. If not, it is judged as new when it is next claimed. */
  readonly isPlanned: boolean
}

/** A run that waits is never looked at more often, in milliseconds. */
const SHORTEST_WAIT_MS = 100

/**
 * Gives claimed runs back to the queue, to wait for another run of their job: until that one is
 * looked at again, or its end pulls them nearer. The caller's claim has locked them.
 *
 * Served by the primary key of `runs_live`.
 */
export async function queueClaimed(tx: Db, runs: readonly Queued[]): Promise<void> {
  if (runs.length === 0) return
  const sorted = inKeyOrder(runs)
  const { jobs, fireTimes } = keyColumns(sorted)
  await tx.query(prepared('queue-claimed')`
    update runs_live q
       set status = 'PENDING', claimed_at = null, dispatches = run.is_planned::int,
           reason = case when run.is_catch_up then 'CATCH_UP' else q.reason end,
           wake_at = greatest(
             now() + interval '1 millisecond' * ${SHORTEST_WAIT_MS}::float8,
             least(now() + interval '1 millisecond' * ${LONGEST_WAIT_MS}::float8,
                   to_timestamp(run.until_ms / 1000)))
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(r => r.until)}::float8[],
                  ${sorted.map(r => r.isCatchUp)}::boolean[],
                  ${sorted.map(r => r.isPlanned)}::boolean[])
        as run (job_id, ms, until_ms, is_catch_up, is_planned)
     where q.job_id = run.job_id
       and q.scheduled_at = to_timestamp(run.ms / 1000)::timestamptz(3)
       and not q.done`)
}

/** Marks claimed runs as one of several that are caught up with. Served by the primary key. */
export async function markCatchUp(tx: Db, runs: readonly RunKey[]): Promise<void> {
  if (runs.length === 0) return
  const { jobs, fireTimes } = keyColumns(inKeyOrder(runs))
  await tx.query(prepared('mark-catch-up')`
    update runs_live q set reason = 'CATCH_UP'
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as run (job_id, ms)
     where q.job_id = run.job_id
       and q.scheduled_at = to_timestamp(run.ms / 1000)::timestamptz(3)
       and not q.done`)
}
