import type { JobId, RunKey, UserId } from '@cronos/domain'
import {
  claimRuns,
  createJobs,
  type Ended,
  type NewJob,
  type Pool,
  recordAttempts,
  type Started,
  startRuns,
} from '@cronos/store'
import { aJob } from '@cronos/testkit'

/** Runs what is due of these jobs, without a task: what an executor would have written. */
export async function startDue(db: Pool, jobs: readonly JobId[]): Promise<Started[]> {
  const options = { limit: 1_000, dispatchLeaseMs: 60_000, takeOver: false, tzdata: 'test' }
  const claimed = await db.transaction(tx => claimRuns(tx, options))
  const events = claimed
    .filter(run => jobs.includes(run.jobId))
    .map(run => ({ ...run, attempt: run.attempt + 1, publishedAt: run.now }))
  return startRuns(db, events, { executor: 'one', leaseMs: 60_000, again: false })
}

/** Ends attempts for good. */
export async function endAs(
  db: Pool,
  runs: readonly Started[],
  outcome: { readonly failed: string; readonly failsJob?: boolean } | 'succeeded',
): Promise<void> {
  const ended = runs.map((run): Ended => {
    const { jobId, scheduledAt, fence } = run
    const failed = outcome === 'succeeded' ? null : outcome
    return {
      ...{ jobId, scheduledAt, fence, output: null },
      next: failed === null ? { status: 'SUCCEEDED' } : { status: 'FAILED', reason: failed.failed },
      error: failed && { name: 'Error', message: failed.failed, stack: 'at home' },
      failsJob: failed?.failsJob === true,
    }
  })
  await recordAttempts(db, ended)
}

/** A job of this owner whose only run is RUNNING. */
export async function aRunningJob(
  db: Pool,
  given: Partial<NewJob> = {},
): Promise<Started & RunKey> {
  const job = aJob({ owner: 'alice' as UserId, ...given })
  await createJobs(db, [job])
  const [run] = await startDue(db, [job.jobId])
  return run!
}

/** A job of this owner whose run has failed for good. */
export async function aFailedJob(
  db: Pool,
  failed: string,
  given: Partial<NewJob> = {},
): Promise<Started & RunKey> {
  const run = await aRunningJob(db, given)
  await endAs(db, [run], { failed })
  return run
}
