import type { JobId, JobStatus, UserId } from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { type Locked, type LockedJob, lockJobs } from './lock.ts'

/** What became of a change: done, or why it could not be. */
export type Changed<Done extends object = object> =
  | (Readonly<Done> & { readonly kind: 'done' })
  /** There is no such job, or it is another owner's. */
  | { readonly kind: 'unknown' }
  /** Not in this status. */
  | { readonly kind: 'refused'; readonly status: JobStatus }

/**
 * A change that many jobs can be asked for at once. Its first step judges each job that is locked;
 * its second changes those that passed, together.
 */
export interface Control<Done extends object = object> {
  /** Whether the job is in a state for it. */
  allows(job: LockedJob): boolean
  /** Answers for each of these jobs, in their order. */
  change(tx: Db, locked: Locked, owner: UserId): Promise<readonly Done[]>
}

/** Changes one job of this owner. */
export async function controlJob<Done extends object>(
  pool: Pool,
  control: Control<Done>,
  jobId: JobId,
  owner: UserId,
): Promise<Changed<Done>> {
  const [changed] = await controlJobs(pool, control, [jobId], owner)
  return changed!
}

/** Changes these jobs of this owner in one transaction, and answers in their order. */
export async function controlJobs<Done extends object>(
  pool: Pool,
  control: Control<Done>,
  jobIds: readonly JobId[],
  owner: UserId,
  /** The job must still be in this status, where one is named. */
  status: JobStatus | null = null,
): Promise<Changed<Done>[]> {
  return pool.transaction(async tx => {
    const { at, jobs } = await lockJobs(tx, owner, jobIds)
    const changed = new Map<JobId, Changed<Done>>()
    const allowed = jobs.filter(
      job => control.allows(job) && (status === null || job.status === status),
    )
    const done = allowed.length === 0 ? [] : await control.change(tx, { at, jobs: allowed }, owner)
    for (const { jobId, status } of jobs) changed.set(jobId, { kind: 'refused', status })
    for (const [index, { jobId }] of allowed.entries())
      changed.set(jobId, { ...done[index]!, kind: 'done' })
    return jobIds.map(jobId => changed.get(jobId) ?? { kind: 'unknown' })
  })
}

/** Whether something of the job is still to come, or could be. */
export function isUnfinished({ status }: LockedJob): boolean {
  return status === 'SCHEDULED' || status === 'RUNNING' || status === 'PAUSED'
}
