import { formatInstant, type Instant, later, type RunKey, type UserId } from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { keepRecurring } from '../jobs/keep-recurring.ts'
import { type LiveRun, lockJobs } from '../jobs/lock.ts'
import { prepared } from '../sql.ts'
import { inKeyOrder, keyColumns } from './keys.ts'
import { readRun } from './read.ts'

/** What became of the wish to cancel a run. */
export type CancelledRun =
  /** It is in history, and nothing of it starts any more. */
  | { readonly kind: 'cancelled' }
  /** It is running, and has until then to end. */
  | { readonly kind: 'asked'; readonly cancelAt: Instant }
  | { readonly kind: 'unknown' }
  /** It has ended otherwise. */
  | { readonly kind: 'refused'; readonly status: 'SUCCEEDED' | 'FAILED' }

/**
 * Cancels one run of this owner: at once where no executor has begun its attempt, else by asking
 * its executor, which has a grace. The job goes on: the fire after a cancelled one is in the queue.
 *
 * @param graceMs how long a running attempt gets to end
 */
export async function cancelRun(
  pool: Pool,
  key: RunKey,
  owner: UserId,
  graceMs: number,
): Promise<CancelledRun> {
  return pool.transaction(async tx => {
    const { at, jobs } = await lockJobs(tx, owner, [key.jobId])
    const job = jobs[0]
    if (job === undefined) return { kind: 'unknown' }
    const run = job.runs.find(run => run.scheduledAt === key.scheduledAt)
    if (run === undefined) {
      const done = await readRun(tx, key, owner)
      if (done === null) return { kind: 'unknown' }
      if (done.status === 'SUCCEEDED' || done.status === 'FAILED')
        return { kind: 'refused', status: done.status }
      return { kind: 'cancelled' }
    }
    if (run.status === 'RUNNING') {
      await askToEnd(tx, [run], at, graceMs)
      return { kind: 'asked', cancelAt: run.cancelAt ?? later(at, graceMs) }
    }
    await cancelRuns(tx, [run])
    await keepRecurring(tx, job, run)
    return { kind: 'cancelled' }
  })
}

/**
 * Asks the executors of RUNNING runs to end them; one that was asked already keeps its time. The
 * caller has locked their jobs. Served by the primary key of `runs_live`.
 */
export async function askToEnd(
  tx: Db,
  runs: readonly LiveRun[],
  at: Instant,
  graceMs: number,
): Promise<void> {
  if (runs.length === 0) return
  const { jobs, fireTimes } = keyColumns(inKeyOrder(runs))
  await tx.query(prepared('ask-to-end')`
    update runs_live q
       set cancel_at = ${formatInstant(at)}::timestamptz
                         + interval '1 millisecond' * ${graceMs}::float8
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as asked (job_id, ms)
     where q.job_id = asked.job_id
       and q.scheduled_at = to_timestamp(asked.ms / 1000)::timestamptz(3)
       and not q.done
       and q.status = 'RUNNING' and q.cancel_at is null`)
}

/**
 * Moves runs that no executor has begun to history as CANCELLED, under a new fence. The caller has
 * locked their jobs and them. Served by the primary keys of both partitions.
 */
export async function cancelRuns(tx: Db, runs: readonly LiveRun[]): Promise<void> {
  if (runs.length === 0) return
  const { jobs, fireTimes } = keyColumns(inKeyOrder(runs))
  await tx.query(prepared('cancel-runs')`
    with cancelled as (
      delete from runs_live q
       using unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as named (job_id, ms)
       where q.job_id = named.job_id
         and q.scheduled_at = to_timestamp(named.ms / 1000)::timestamptz(3)
         and not q.done
         and q.status in ('PENDING', 'DISPATCHED')
      returning q.*)
    insert into runs_done (
      job_id, scheduled_at, due_at, expires_at, claimed_at, finished_at, fence, job_version, attempt,
      max_attempts, dispatches, lost, priority, done, recurring, status, reason, owner, tzdata,
      replay_of, requested_by, payload)
    select job_id, scheduled_at, due_at, expires_at, claimed_at, clock_timestamp(), fence + 1,
           job_version, attempt, max_attempts, dispatches, lost, priority, true, recurring,
           'CANCELLED', reason, owner, tzdata, replay_of, requested_by, payload
      from cancelled
    on conflict do nothing`)
}
