import { CreateJob, CronosError, type JobCreated } from '@cronos/contract'
import type { Instant, UserId } from '@cronos/domain'
import { partChecker, type Repeatable, takeTurns, unknownFields } from '@cronos/runtime'
import { type Created, createJobs, type NewJob, type Pool, readNow } from '@cronos/store'
import { keepOrRefuse, toCreated } from './kept-inserts.ts'
import type { JobReader } from './new-job.ts'

export interface BulkDeps {
  readonly db: Pool
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
  readonly readNewJob: JobReader
}

export interface CreatedInBulk {
  readonly jobs: JobCreated[]
  readonly warnings?: string[]
}

/** More mistakes than these are counted, not listed. */
const MAX_ERRORS = 100
/** More unknown fields than these are not listed. */
const MAX_WARNINGS = 20
/** Jobs of one statement, which has 5 s at most. */
const SLICE = 1_000
/** Transactions of bulks at a time; single jobs have the other connections. */
const MAX_AT_ONCE = 2

const check = partChecker(CreateJob)

/** Creates many jobs in one transaction: all of them are stored, or none. */
export function createInBulk({ db, tellWake, readNewJob }: BulkDeps) {
  const inTurn = atMost(MAX_AT_ONCE)
  return async (
    owner: UserId,
    requests: readonly unknown[],
    repeatable: Repeatable | null,
    traceparent?: string,
  ): Promise<CreatedInBulk> => {
    const { jobs: read, warnings } = await readAll(owner, requests)
    const jobs = traceparent === undefined ? read : read.map(job => ({ ...job, traceparent }))
    const created = await inTurn(() =>
      db.transaction(async tx => {
        const stored: Created[] = []
        for (let first = 0; first < jobs.length; first += SLICE)
          stored.push(...(await createJobs(tx, jobs.slice(first, first + SLICE))))
        const answer = answerOf(stored, warnings)
        if (repeatable !== null) await keepOrRefuse(tx, [repeatable.answer(201, { ...answer })])
        return { answer, dueInMs: Math.min(...stored.map(job => job.dueInMs)) }
      }),
    )
    tellWake(created.dueInMs)
    return created.answer
  }

  /** Reads all requests, and lets others have their turn in between. */
  async function readAll(owner: UserId, requests: readonly unknown[]) {
    const turn = takeTurns()
    const jobs: NewJob[] = []
    const errors: string[] = []
    const warnings: string[] = []
    let now: Promise<Instant> | undefined
    for (const [index, request] of requests.entries()) {
      const name = `jobs[${index}]`
      const problem = check(request, name)
      if (problem === null) {
        const job = await readNewJob(owner, request as CreateJob, () => {
          now ??= readNow(db)
          return now
        }).catch((error: unknown) => error)
        if (isJob(job)) jobs.push(job)
        else errors.push(within(name, job))
        warnings.push(
          ...unknownFields(CreateJob, request, MAX_WARNINGS - warnings.length, `${name}.`),
        )
      } else errors.push(problem)
      await turn()
    }
    if (errors.length > 0) throw refusal(errors)
    return { jobs, warnings }
  }
}

function isJob(read: unknown): read is NewJob {
  return !(read instanceof Error)
}

/** What is wrong with one of many. @throws whatever is no refusal */
function within(name: string, error: unknown): string {
  if (!(error instanceof CronosError)) throw error
  const { message } = error
  return message.startsWith('Invalid cron expression')
    ? `${name}.cronExpression: ${message}`
    : `${name}.${message}`
}

function refusal(errors: readonly string[]): CronosError {
  const [first = '', ...others] = errors
  const message = others.length === 0 ? first : `${first} (and ${others.length} more)`
  return new CronosError('INVALID_REQUEST', message, { errors: errors.slice(0, MAX_ERRORS) })
}

function answerOf(created: readonly Created[], warnings: string[]): CreatedInBulk {
  const jobs = created.map(toCreated)
  return warnings.length === 0 ? { jobs } : { jobs, warnings }
}

/** Lets so much work go on at a time; the rest waits, first come, first served. */
function atMost(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let going = 0
  return async work => {
    if (going === limit) await new Promise<void>(resolve => waiting.push(resolve))
    else going++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) going--
      else next()
    }
  }
}
