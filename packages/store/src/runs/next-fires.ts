import { type Instant, type RunKey, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { inKeyOrder } from './keys.ts'

/** The fire that follows one which was claimed. */
export interface NextFire extends RunKey {
  /** The job's next fire time. */
  readonly nextAt: Instant
  /** By how much the job's spread moves it; not at all unless told. */
  readonly offsetMs?: number
  /** CATCH_UP: it has passed, and runs when those before it have ended. FIRE unless told. */
  readonly nextReason?: 'FIRE' | 'CATCH_UP'
  /** Whether a run before it is under way: it is looked at when that one ends. */
  readonly waits?: boolean
}

/** A run that waits for another one is looked at so often, should nobody wake it; in milliseconds. */
export const LONGEST_WAIT_MS = 5_000

/**
 * Puts the next fire of each of these runs' jobs into the queue, in the transaction of their claim,
 * so that a recurring job has its next fire whatever becomes of the one at hand. One that is there
 * already stays. Owner, priority, attempts and expiry are the definition's.
 *
 * Served by the primary keys of `job_definitions` and `runs_live`.
 *
 * @param tzdata the version of the time zone data that they were planned with
 */
export async function insertNextFires(
  tx: Db,
  fires: readonly NextFire[],
  tzdata: string,
): Promise<void> {
  if (fires.length === 0) return
  const sorted = inKeyOrder(fires)
  await tx.query(prepared('next-fires')`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, expires_at, job_version,
                           max_attempts, priority, recurring, status, reason, owner, tzdata)
    select d.job_id, fire.at, fire.due_at,
           case when fire.waits
             then greatest(fire.due_at, now() + interval '1 millisecond' * ${LONGEST_WAIT_MS}::float8)
             else greatest(fire.due_at, now())
           end,
           fire.due_at + interval '1 millisecond' * d.expire_after_ms, d.version, d.max_attempts,
           d.priority, true, 'PENDING', fire.reason, d.created_by,
           case when d.cron_expression is not null then ${tzdata}::text end
      from (select job_id, to_timestamp(ms / 1000)::timestamptz(3) as at,
                   to_timestamp((ms + offset_ms) / 1000)::timestamptz(3) as due_at, reason, waits
              from unnest(${sorted.map(f => uuidOf(f.jobId))}::uuid[],
                          ${sorted.map(f => f.nextAt)}::float8[],
                          ${sorted.map(f => f.offsetMs ?? 0)}::float8[],
                          ${sorted.map(f => f.nextReason ?? 'FIRE')}::text[],
                          ${sorted.map(f => f.waits ?? false)}::boolean[])
                as fire (job_id, ms, offset_ms, reason, waits)) fire
      join job_definitions d on d.job_id = fire.job_id
     where d.state = 'ACTIVE'
       and not exists (
             select from runs_done r
              where r.job_id = fire.job_id and r.scheduled_at = fire.at and r.done)
    on conflict do nothing`)
}
