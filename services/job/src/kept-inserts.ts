import { CronosError, type JobCreated } from '@cronos/contract'
import { formatInstant, type KeptAnswer } from '@cronos/domain'
import type { Repeatable } from '@cronos/runtime'
import {
  type Created,
  createJobs,
  type Db,
  keepAnswers,
  type NewJob,
  type Pool,
} from '@cronos/store'

/** A job whose request has an `Idempotency-Key`. */
export interface KeptInsert {
  readonly job: NewJob
  readonly repeatable: Repeatable
}

/**
 * Stores jobs and the answers to their requests in one transaction: after a crash there are both or
 * neither.
 */
export function createKept(db: Pool, inserts: readonly KeptInsert[]): Promise<Created[]> {
  return db.transaction(async tx => {
    const jobs = await createJobs(
      tx,
      inserts.map(({ job }) => job),
    )
    const answers = inserts.map(({ repeatable }, index) =>
      repeatable.answer(201, { ...toCreated(jobs[index]!) }),
    )
    await keepOrRefuse(tx, answers)
    return jobs
  })
}

/**
 * Keeps answers in the transaction that does what was asked for.
 *
 * @throws {CronosError} REQUEST_UNDER_WAY when a request was taken over by another handling of it:
 *   the transaction must end with nothing done
 */
export async function keepOrRefuse(tx: Db, answers: readonly KeptAnswer[]): Promise<void> {
  if ((await keepAnswers(tx, answers)) === answers.length) return
  throw new CronosError(
    'REQUEST_UNDER_WAY',
    'another request with this Idempotency-Key has taken over, try again soon',
  )
}

/** What the creation of a job is answered with. */
export function toCreated({ jobId, nextRunAt }: Created): JobCreated {
  return { jobId, status: 'SCHEDULED', nextRunAt: formatInstant(nextRunAt) }
}
