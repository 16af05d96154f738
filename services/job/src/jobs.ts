import { type CreateJob, CronosError, type JobCreated } from '@cronos/contract'
import { type JobId, parseJobId, type UserId } from '@cronos/domain'
import { type Coalescer, coalesce, type Repeatable } from '@cronos/runtime'
import {
  type Created,
  cancelJob,
  createJobs,
  isTransient,
  type JobDetails,
  type NewJob,
  type Pool,
  readJob,
  readNow,
  rescheduleJob,
} from '@cronos/store'
import { type CreatedInBulk, createInBulk } from './bulk.ts'
import { createKept, type KeptInsert, toCreated } from './kept-inserts.ts'
import { jobReader } from './new-job.ts'
import { quote } from './quote.ts'
import { readExactInstant } from './trigger.ts'

export interface JobsDeps {
  readonly db: Pool
  /** For lists and single reads. */
  readonly reads: Pool
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

export interface JobsConfig {
  /** Attempts that a run gets; fixed when its job is created. */
  readonly maxAttempts: number
}

/** What owners do with their jobs. */
export interface Jobs extends AsyncDisposable {
  /** Resolves when the job is committed. */
  create(
    owner: UserId,
    request: CreateJob,
    repeatable?: Repeatable | null,
    traceparent?: string,
  ): Promise<JobCreated>
  /** All of them or none. Resolves when they are committed. */
  createAll(
    owner: UserId,
    requests: readonly unknown[],
    repeatable: Repeatable | null,
    traceparent?: string,
  ): Promise<CreatedInBulk>
  read(owner: UserId, jobId: string): Promise<JobDetails>
  cancel(owner: UserId, jobId: string): Promise<void>
  reschedule(owner: UserId, jobId: string, runAt: string): Promise<void>
}

/** Jobs of one insert at most. */
const MAX_BATCH = 500

export function openJobs(deps: JobsDeps, config: JobsConfig): Jobs {
  const { db, reads, tellWake } = deps
  const readNewJob = jobReader(config.maxAttempts)
  const now = () => readNow(db)
  // Requests that come at once share a statement and its commit.
  const inserts: Coalescer<NewJob, Created> = coalesce(
    jobs => createJobs(db, jobs),
    MAX_BATCH,
    error => !isTransient(error),
  )

  const keptInserts: Coalescer<KeptInsert, Created> = coalesce(
    jobs => createKept(db, jobs),
    MAX_BATCH,
    error => !isTransient(error),
  )
  const inBulk = createInBulk({ db, tellWake, readNewJob })
  return {
    async create(owner, request, repeatable = null, traceparent = undefined) {
      const read = await readNewJob(owner, request, now)
      const job = traceparent === undefined ? read : { ...read, traceparent }
      const created = await (repeatable === null
        ? inserts.add(job)
        : keptInserts.add({ job, repeatable }))
      tellWake(created.dueInMs)
      return toCreated(created)
    },

    createAll: inBulk,

    async read(owner, jobId) {
      const job = await readJob(reads, idOf(jobId), owner)
      if (job === null) throw unknownJob(jobId)
      return job
    },

    async cancel(owner, jobId) {
      const changed = await cancelJob(db, idOf(jobId), owner)
      if (changed.kind === 'unknown') throw unknownJob(jobId)
      if (changed.kind === 'refused')
        throw refusal(`Job cannot be cancelled in status ${changed.status}`)
    },

    async reschedule(owner, jobId, runAt) {
      const at = readExactInstant('runAt', runAt)
      const moved = await rescheduleJob(db, idOf(jobId), owner, at)
      switch (moved.kind) {
        case 'done':
          return tellWake(moved.dueInMs)
        case 'unknown':
          throw unknownJob(jobId)
        case 'refused':
          throw refusal(`Job cannot be rescheduled in status ${moved.status}`)
        case 'not movable':
          throw refusal('Only ONE_TIME jobs with executionMode SCHEDULED can be rescheduled')
        case 'past':
          throw refusal(`runAt must be in the future, got ${runAt}`)
        default:
          return moved satisfies never
      }
    },

    async [Symbol.asyncDispose]() {
      await inserts[Symbol.asyncDispose]()
      await keptInserts[Symbol.asyncDispose]()
    },
  }
}

function idOf(text: string): JobId {
  const jobId = parseJobId(text)
  if (jobId === null) throw unknownJob(text)
  return jobId
}

function unknownJob(jobId: string): CronosError {
  return new CronosError('JOB_NOT_FOUND', `There is no job ${quote(jobId)}`)
}

function refusal(message: string): CronosError {
  return new CronosError('INVALID_REQUEST', message)
}
