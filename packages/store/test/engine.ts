import { afterAttempt, type JobId, type UserId } from '@cronos/domain'
import { freshDatabase } from '@cronos/testkit'
import {
  type Claimed,
  type ClaimOptions,
  claimRuns,
  createJobs,
  type Ended,
  insertNextFires,
  type NewJob,
  readJob,
  recordAttempts,
  type Started,
  sql,
  startRuns,
} from '../src/index.ts'

/** The steps of a run as a test takes them by hand, on a database of its own. */
export async function openEngine() {
  const database = await freshDatabase('jobs')
  const db = database.pool('engine')
  return {
    db,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),

    /** Stores a job, alone in the queue. */
    async stored(job: NewJob): Promise<NewJob> {
      await db.query(sql`delete from runs_live`)
      await createJobs(db, [job])
      return job
    },

    /** Takes what is due; a fire that is taken for the first time brings the one `nextMs` later. */
    claim(nextMs = 60_000, options: Partial<ClaimOptions> = {}): Promise<Claimed[]> {
      return db.transaction(async tx => {
        const defaults = { limit: 100, dispatchLeaseMs: 5_000, takeOver: true }
        const claimed = await claimRuns(tx, { ...defaults, ...options })
        const { rows } = await tx.query<{ jobId: string; at: number }>(sql`
          select 'job_' || job_id as "jobId", scheduled_at as at from runs_live
           where recurring and reason in ('FIRE', 'CATCH_UP') and attempt = 0 and dispatches = 1`)
        const isFirst = (run: Claimed) =>
          rows.some(({ jobId, at }) => jobId === run.jobId && at === run.scheduledAt)
        const fires = claimed.filter(isFirst)
        await insertNextFires(
          tx,
          fires.map(run => ({ ...run, nextAt: (run.scheduledAt + nextMs) as typeof run.now })),
          'test',
        )
        return claimed
      })
    },

    start(claimed: readonly Claimed[]): Promise<Started[]> {
      const events = claimed.map(run => ({ ...run, attempt: run.attempt + 1 }))
      return startRuns(db, events, { executor: 'one', leaseMs: 10_000, again: false })
    },

    /** Records what became of an attempt. */
    async finish(run: Started, outcome: Parameters<typeof afterAttempt>[1]): Promise<void> {
      const retry = { baseMs: 1_000, capMs: 60_000, maxAttempts: run.maxAttempts }
      const next = afterAttempt({ attempt: run.attempt, retry }, outcome, 0)
      const error = outcome.kind === 'failed' ? { message: outcome.reason } : null
      const { jobId, scheduledAt, fence } = run
      const ended: Ended = { jobId, scheduledAt, fence, next, error, output: null, failsJob: false }
      await recordAttempts(db, [ended])
    },

    async job(jobId: JobId) {
      return (await readJob(db, jobId, 'alice' as UserId))!
    },

    /** The unfinished runs of all jobs by fire time. */
    async live() {
      const { rows } = await db.query<{
        at: number
        due: number
        wake: number | null
        status: string
        hold: string | null
        reason: string
        fence: number
        dispatches: number
        version: number
        cancelAt: number | null
        expiresAt: number | null
        priority: number
        by: string | null
      }>(sql`
        select scheduled_at as at, due_at as due, wake_at as wake, status, hold, reason, fence,
               dispatches, job_version as version, cancel_at as "cancelAt",
               expires_at as "expiresAt", priority, requested_by as by
          from runs_live order by scheduled_at`)
      return rows
    },

    /** What was settled without a run, by fire time. */
    async skipped(jobId: JobId) {
      const { rows } = await db.query<{
        from: number
        to: number
        count: number
        policy: string
        into: number | null
      }>(sql`
        select from_at as from, to_at as to, count, policy, into_run as into from skipped
         where 'job_' || job_id = ${jobId} order by from_at`)
      return rows
    },

    /** The versions of the job's trigger, from the first. */
    async triggers(jobId: JobId) {
      const { rows } = await db.query<{
        version: number
        state: string
        cron: string | null
        note: string | null
        by: string | null
        from: number
        to: number | null
      }>(sql`
        select version, state, cron_expression as cron, note, made_by as by, valid_from as from,
               valid_to as to
          from triggers where 'job_' || job_id = ${jobId} order by version`)
      return rows
    },
  }
}
