import {
  type Fence,
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  type RunKey,
  type RunReason,
  type RunStatus,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'
import { type JobDetails, readJobs } from './read.ts'

/** A job that nobody else changes until the transaction ends. */
export interface LockedJob extends JobDetails {
  readonly state: 'ACTIVE' | 'PAUSED' | 'CANCELLED' | 'FAILED'
  /** Unfinished, by fire time. */
  readonly runs: readonly LiveRun[]
  /** The latest fire time that is settled: in history, or skipped. */
  readonly settledTo: Instant | null
}

/** An unfinished run that is locked with its job. */
export interface LiveRun extends RunKey {
  readonly jobId: JobId
  readonly status: Extract<RunStatus, 'PENDING' | 'DISPATCHED' | 'RUNNING'>
  readonly reason: RunReason
  readonly hold: 'PAUSED' | 'UNKNOWN' | null
  readonly attempt: number
  readonly dispatches: number
  readonly fence: Fence
  readonly dueAt: Instant
  /** Until when a RUNNING one that is being cancelled has time to end. */
  readonly cancelAt: Instant | null
}

export interface Locked {
  /** The database's clock after the locks were had: whatever comes of them happens now. */
  readonly at: Instant
  /** In key order; one that is missing does not exist for this owner. */
  readonly jobs: readonly LockedJob[]
}

/**
 * Locks the definitions of an owner's jobs and then their unfinished runs, each in key order, and
 * reads what from then on only the caller changes. Every change of a job begins here.
 *
 * Served by the primary keys.
 */
export async function lockJobs(tx: Db, owner: UserId, jobIds: readonly JobId[]): Promise<Locked> {
  const { rows: states } = await tx.query<{ uuid: string; state: LockedJob['state'] }>(
    prepared('lock-jobs')`
    select job_id as uuid, state from job_definitions
     where job_id = any(${jobIds.map(uuidOf)}::uuid[])
       and created_by = ${owner} and state <> 'DELETED'
     order by job_id
       for update`,
  )
  const uuids = states.map(({ uuid }) => uuid)
  const { rows: runs } = await tx.query<Omit<LiveRun, 'jobId'> & { uuid: string }>(
    prepared('lock-runs')`
    select job_id as uuid, scheduled_at as "scheduledAt", status, reason, hold, attempt, dispatches,
           fence, due_at as "dueAt", cancel_at as "cancelAt"
      from runs_live
     where job_id = any(${uuids}::uuid[])
     order by job_id, scheduled_at
       for update`,
  )
  const details = await readJobs(tx, uuids.map(jobIdOf), owner)
  const { rows: times } = await tx.query<{ at: Instant; settledTo: Instant | null }>(
    prepared('locked-times')`
    select date_trunc('milliseconds', clock_timestamp()) as at,
           greatest(
             (select r.scheduled_at from runs_done r
               where r.job_id = job.id and r.reason in ('FIRE', 'CATCH_UP')
               order by r.scheduled_at desc limit 1),
             (select s.to_at from skipped s
               where s.job_id = job.id
               order by s.from_at desc limit 1)) as "settledTo"
      from unnest(${uuids.length === 0 ? [NOBODY] : uuids}::uuid[]) with ordinality as job (id, place)
     order by job.place`,
  )
  const runsOf = Map.groupBy(runs, run => run.uuid)
  return {
    at: times[0]!.at,
    jobs: details.map((job, index) => ({
      ...job,
      state: states[index]!.state,
      settledTo: times[index]!.settledTo,
      runs: (runsOf.get(uuidOf(job.jobId)) ?? []).map(({ uuid: _, ...run }) => ({
        ...run,
        jobId: job.jobId,
      })),
    })),
  }
}

/** Asked for where there is no job, so that the clock is answered. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The instant of a lock as a parameter. */
export function textOf({ at }: Pick<Locked, 'at'>): string {
  return formatInstant(at)
}
