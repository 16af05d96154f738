import {
  type Instant,
  instant,
  nextFireOf,
  type RunKey,
  recurrenceOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { keyColumns } from '../runs/keys.ts'
import { prepared } from '../sql.ts'
import { type Control, isUnfinished } from './control.ts'
import { type Locked, type LockedJob, textOf } from './lock.ts'
import { uuidsOf } from './versions.ts'

/**
 * Runs jobs now, beside their triggers: paused ones too, but no one-time job that has ended. Their
 * next fire times do not move.
 */
export const triggering: Control<{ readonly run: RunKey }> = {
  allows: job => isUnfinished(job) || (job.jobType === 'RECURRING' && job.state === 'ACTIVE'),
  async change(tx, locked, owner) {
    const taken = await readTaken(tx, locked)
    const runs = locked.jobs.map(job => ({
      jobId: job.jobId,
      scheduledAt: freeInstant(job, locked.at, taken.get(uuidOf(job.jobId)) ?? []),
    }))
    await insertManual(tx, runs, owner)
    return runs.map(run => ({ run }))
  },
}

/** From the lock's instant on: a run's name is its job and its fire time, so no two may share it. */
async function readTaken(tx: Db, locked: Locked): Promise<Map<string, Instant[]>> {
  const { rows } = await tx.query<{ uuid: string; at: Instant }>(prepared('taken-fire-times')`
    select job_id as uuid, scheduled_at as at from runs
     where job_id = any(${uuidsOf(locked)}::uuid[]) and scheduled_at >= ${textOf(locked)}`)
  const taken = Map.groupBy(rows, row => row.uuid)
  return new Map([...taken].map(([uuid, rows]) => [uuid, rows.map(row => row.at)]))
}

/** The first millisecond from `at` on that has no run of this job and is none of its fire times. */
function freeInstant(job: LockedJob, at: Instant, taken: readonly Instant[]): Instant {
  const names = new Set(taken)
  const recurrence = job.jobType === 'RECURRING' ? recurrenceOf(job) : null
  let free = at
  for (;;) {
    const onGrid = recurrence !== null && nextFireOf(recurrence, instant(free - 1)) === free
    if (!onGrid && !names.has(free)) return free
    free = instant(free + 1)
  }
}

async function insertManual(tx: Db, runs: readonly RunKey[], owner: UserId): Promise<void> {
  const { jobs, fireTimes } = keyColumns(runs)
  await tx.query(prepared('insert-manual')`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, expires_at, job_version,
                           max_attempts, priority, recurring, status, reason, owner, requested_by)
    select d.job_id, run.at, run.at, run.at,
           run.at + interval '1 millisecond' * d.expire_after_ms, d.version, d.max_attempts,
           d.priority, d.job_type = 'RECURRING', 'PENDING', 'MANUAL', d.created_by, ${owner}
      from (select job_id, to_timestamp(ms / 1000)::timestamptz(3) as at
              from unnest(${jobs}::uuid[], ${fireTimes}::float8[]) as run (job_id, ms)) run
      join job_definitions d on d.job_id = run.job_id`)
}
