import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { type FencedKey, inKeyOrder, keyColumns } from './keys.ts'

/** A scheduler looks at once at what became due so long ago at most; at what is older in a while. */
const PLACE_MS = 1_000

/**
 * Puts dispatched runs that no executor has begun back into the queue: their events could not be
 * published, or the executor that holds them is stopping. Changes nothing where the fence has
 * moved on or the run has started. A dispatch that was never sent is not a lost one: the next is
 * trusted no longer than if this were the first to fail. What is due again at once gets back its place
 * in the queue, before whatever became due since, but no further back than claims begin.
 *
 * Served by the primary key of `runs_live`.
 *
 * @param delayMs until they are due again
 */
export async function releaseRuns(
  db: Db,
  runs: readonly FencedKey[],
  delayMs: number,
): Promise<number> {
  if (runs.length === 0) return 0
  const sorted = inKeyOrder(runs)
  const { jobs, fireTimes } = keyColumns(sorted)
  const { rowCount } = await db.query(prepared('release')`
    update runs_live q
       set status = 'PENDING',
           dispatches = least(q.dispatches, 1),
           wake_at = case when ${delayMs}::float8 = 0
             then greatest(least(q.due_at, now()),
                           now() - interval '1 millisecond' * ${PLACE_MS}::float8)
             else now() + interval '1 millisecond' * ${delayMs}::float8
           end
      from unnest(${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(r => r.fence)}::bigint[])
        as released (job_id, ms, fence)
     where q.job_id = released.job_id
       and q.scheduled_at = to_timestamp(released.ms / 1000)::timestamptz(3)
       and not q.done
       and q.fence = released.fence
       and q.status = 'DISPATCHED'`)
  return rowCount
}
