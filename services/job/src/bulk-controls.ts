import { type ControlJobs, CronosError, type JobsControlled } from '@cronos/contract'
import {
  formatInstant,
  type Instant,
  type JobId,
  type JobStatus,
  parseJobId,
  runIdOf,
  type UserId,
} from '@cronos/domain'
import {
  type Changed,
  type Control,
  cancelling,
  controlJobs,
  deleting,
  isTransient,
  type JobSelection,
  type Pool,
  pausing,
  resuming,
  selectJobs,
  triggering,
} from '@cronos/store'
import { type ControlsConfig, type ControlsDeps, refusalText } from './controls.ts'
import { quote } from './quote.ts'
import { readExactInstant } from './trigger.ts'

/** Jobs that one transaction changes at most: their locks are not held for long. */
const CHUNK = 100
const MOST_JOBS = 1_000

/** What can be asked of many jobs at once. */
export const bulkControls = ['pause', 'resume', 'trigger', 'cancel', 'delete'] as const
export type BulkControl = (typeof bulkControls)[number]

/**
 * Changes many jobs of an owner, part by part, and lists what was done and what was not. A part is
 * one transaction; that one of them could not be made does not undo those before it.
 *
 * @throws {CronosError} when it is not clear which jobs are meant
 */
export async function controlMany(
  deps: ControlsDeps & { readonly reads: Pool },
  config: ControlsConfig,
  owner: UserId,
  control: BulkControl,
  request: ControlJobs,
): Promise<JobsControlled> {
  const { jobIds, more, status } = await findJobs(deps.reads, owner, request)
  const known = new Set<JobId>()
  const done: JobsControlled['done'] = []
  const notDone: JobsControlled['notDone'] = []
  for (const text of new Set(jobIds)) {
    const jobId = parseJobId(text)
    if (jobId === null) notDone.push(unknownJob(text))
    else known.add(jobId)
  }
  const step = stepOf(deps, config, control, request.note ?? null)
  const sorted = [...known].toSorted()
  for (let first = 0; first < sorted.length; first += CHUNK) {
    const chunk = sorted.slice(first, first + CHUNK)
    try {
      const results = await step(chunk, owner, status)
      done.push(...results.done)
      notDone.push(...results.notDone)
    } catch (error) {
      // What was done before is to be told.
      if (done.length === 0 || !isTransient(error)) throw error
      const reason = 'The database was away: ask again for this job'
      notDone.push(...chunk.map(jobId => ({ jobId, code: 'UNAVAILABLE', reason })))
    }
  }
  return { done, notDone, more }
}

interface Meant {
  readonly jobIds: readonly string[]
  /** There are more than were asked for at most. */
  readonly more: boolean
  /** Of the filter: a job that has left it meanwhile stays as it is. */
  readonly status: JobStatus | null
}

async function findJobs(reads: Pool, owner: UserId, request: ControlJobs): Promise<Meant> {
  const { jobIds, filter, limit = MOST_JOBS } = request
  if ((jobIds === undefined) === (filter === undefined))
    throw invalid('either jobIds or filter must be provided, and not both')
  if (jobIds !== undefined) return { jobIds, more: false, status: null }
  const selection = readFilter(filter!)
  const found = await selectJobs(reads, owner, selection, limit + 1)
  const { status } = selection
  return { jobIds: found.slice(0, limit), more: found.length > limit, status }
}

function readFilter(filter: NonNullable<ControlJobs['filter']>): JobSelection {
  const { namePrefix = null, name = null, tag, task = null } = filter
  const { status = null, jobType = null } = filter
  const tags = [tag ?? []].flat()
  const from = readBound('filter.from', filter.from)
  const to = readBound('filter.to', filter.to)
  if (from !== null && to !== null && from > to)
    throw invalid(`filter.from must not be after filter.to, got ${filter.from} and ${filter.to}`)
  const selection = { namePrefix, name, task, status, jobType, from, to }
  if (tags.length === 0 && Object.values(selection).every(value => value === null))
    throw invalid(
      'filter must name at least one of namePrefix, name, tag, task, status, jobType, from, to',
    )
  return { ...selection, tags }
}

function readBound(name: string, text: string | null | undefined): Instant | null {
  return text === null || text === undefined ? null : readExactInstant(name, text).at
}

type Results = Pick<JobsControlled, 'done' | 'notDone'>
type Step = (jobIds: readonly JobId[], owner: UserId, status: JobStatus | null) => Promise<Results>

function stepOf(
  { db, tellWake }: ControlsDeps,
  { graceMs }: ControlsConfig,
  control: BulkControl,
  note: string | null,
): Step {
  switch (control) {
    case 'pause':
      return stepBy(db, pausing(note), 'paused', ({ pausedAt, note }) => ({
        paused: { at: formatInstant(pausedAt), note },
      }))
    case 'resume':
      return stepBy(db, resuming, 'resumed', resumed => {
        const { missed, skipped, became, nextRunAt, dueInMs } = resumed
        tellWake(dueInMs)
        return { missed, skipped, became, nextRunAt: formatInstant(nextRunAt) }
      })
    case 'trigger':
      return stepBy(db, triggering, 'triggered', ({ run }) => {
        tellWake(0)
        return { runId: runIdOf(run) }
      })
    case 'cancel':
      return stepBy(db, cancelling(graceMs), 'cancelled', () => ({}))
    case 'delete':
      return stepBy(db, deleting(graceMs), 'deleted', () => ({}))
    default:
      return control satisfies never
  }
}

function stepBy<Done extends object>(
  db: Pool,
  control: Control<Done>,
  doing: string,
  show: (done: Done) => object,
): Step {
  return async (jobIds, owner, status) => {
    const changed: Changed<Done>[] = await controlJobs(db, control, jobIds, owner, status)
    const results: Results = { done: [], notDone: [] }
    for (const [index, jobId] of jobIds.entries()) {
      const each = changed[index]!
      if (each.kind === 'done') results.done.push({ jobId, ...show(each) })
      else if (each.kind === 'unknown') results.notDone.push(unknownJob(jobId))
      else {
        const reason =
          status === null || status === each.status
            ? refusalText(doing, each.status)
            : `Job is in status ${each.status} by now`
        results.notDone.push({ jobId, code: 'INVALID_REQUEST', reason })
      }
    }
    return results
  }
}

function unknownJob(jobId: string): JobsControlled['notDone'][number] {
  return { jobId, code: 'JOB_NOT_FOUND', reason: `There is no job ${quote(jobId)}` }
}

function invalid(message: string): CronosError {
  return new CronosError('INVALID_REQUEST', message)
}
