import { randomBytes } from 'node:crypto'
import { type CreateJob, CronosError, type JobCreated } from '@cronos/contract'
import {
  defaultPolicies,
  formatInstant,
  type JobId,
  jobIdOf,
  nextFireOf,
  parseJobId,
  type UserId,
  uuidSource,
} from '@cronos/domain'
import { type Coalescer, coalesce } from '@cronos/runtime'
import {
  type Created,
  cancelJob,
  createJobs,
  isTransient,
  type JobDetails,
  type NewJob,
  type NewTrigger,
  type Pool,
  readJob,
  readNow,
  rescheduleJob,
} from '@cronos/store'
import { type Named, readPolicies, refuseRecurringPolicies } from './policies.ts'
import { quote } from './quote.ts'
import { readExactInstant, readOneTime, readRecurring } from './trigger.ts'

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
  create(owner: UserId, request: CreateJob): Promise<JobCreated>
  read(owner: UserId, jobId: string): Promise<JobDetails>
  cancel(owner: UserId, jobId: string): Promise<void>
  reschedule(owner: UserId, jobId: string, runAt: string): Promise<void>
}

/** Jobs of one insert at most. */
const MAX_BATCH = 500

export function openJobs(deps: JobsDeps, config: JobsConfig): Jobs {
  const { db, reads, tellWake } = deps
  const nextUuid = uuidSource()
  const { maxAttempts } = config
  const defaults: Named = { ...defaultPolicies, name: null, tags: [], maxAttempts }
  // Requests that come at once share a statement and its commit.
  const inserts: Coalescer<NewJob, Created> = coalesce(
    jobs => createJobs(db, jobs),
    MAX_BATCH,
    error => !isTransient(error),
  )

  return {
    async create(owner, request) {
      if (request.jobType === 'ONE_TIME') refuseRecurringPolicies(request)
      const policies = readPolicies(request, defaults, defaults)
      const trigger =
        request.jobType === 'ONE_TIME' ? readOneTime(request) : await planRecurring(request)
      const created = await inserts.add({
        jobId: jobIdOf(nextUuid(Date.now(), randomBytes(8))),
        owner,
        payload: request.payload,
        trigger,
        ...policies,
      })
      tellWake(created.dueInMs)
      const { jobId, nextRunAt } = created
      return { jobId, status: 'SCHEDULED', nextRunAt: formatInstant(nextRunAt) }
    },

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

    [Symbol.asyncDispose]: () => inserts[Symbol.asyncDispose](),
  }

  /** The first fire of a recurring job is the next after now, by the database's clock. */
  async function planRecurring(request: CreateJob): Promise<NewTrigger> {
    const plannedAt = await readNow(db)
    const { recurrence, ...trigger } = readRecurring(request, plannedAt)
    const firstFireAt = nextFireOf(recurrence, plannedAt)
    if (firstFireAt === null) throw refusal(neverFires(request))
    const tzdata = trigger.kind === 'cron' ? (process.versions['tz'] ?? 'unknown') : null
    return { ...trigger, plannedAt, firstFireAt, tzdata }
  }
}

function neverFires({ cronExpression, endAt, every }: CreateJob): string {
  if (endAt !== null && endAt !== undefined)
    return `endAt must be after the first fire time, got ${quote(endAt)}`
  if (typeof cronExpression === 'string')
    return `Invalid cron expression: ${quote(cronExpression)} never fires`
  return `every must have a fire time after now, got ${quote(every ?? '')}`
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
