import { CronosError, type FoundJob, JobsFound, RunsFound } from '@cronos/contract'
import {
  type JobId,
  jobStatuses,
  jobTypes,
  type RunKey,
  type RunReason,
  runStatuses,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import {
  type FoundJob as FoundJobRow,
  type Pool,
  searchJobs,
  searchRuns,
  searchRunsOfJob,
} from '@cronos/store'
import { Type } from 'typebox'
import { readCursor, writeCursor } from './cursor.ts'
import { toSummary } from './job-summary.ts'
import type { Jobs } from './jobs.ts'
import { toRunSummary } from './run-routes.ts'
import { readSpan } from './span.ts'

export interface SearchRoutesDeps {
  readonly jobs: Jobs
  readonly reads: Pool
  /** How long the leases of runs are at most, in milliseconds. */
  readonly leaseMs: number
}

const reasons = ['FIRE', 'MANUAL', 'REPLAY', 'CATCH_UP'] satisfies RunReason[]

/** How pages follow each other: nothing is counted, so the last costs as much as the first. */
export const CursorQuery = {
  cursor: Type.Optional(Type.String({ description: 'The next of the page before' })),
}
const SizeQuery = { size: Type.Integer({ minimum: 1, maximum: 100, default: 20 }) }
const about = (description: string) => Type.Optional(Type.String({ description }))

const JobsQuery = Type.Object({
  ...SizeQuery,
  ...CursorQuery,
  name: about('Contained in the name, in any letter case'),
  namePrefix: about('The beginning of the name, in any letter case'),
  tag: Type.Optional(
    Type.Array(Type.String(), { maxItems: 20, description: 'May come several times: all of them' }),
  ),
  task: about('payload.task, in any letter case'),
  status: Type.Optional(Type.Enum([...jobStatuses])),
  jobType: Type.Optional(Type.Enum([...jobTypes])),
  from: about('On createdAt, inclusive'),
  to: about('On createdAt, inclusive'),
  nextFrom: about('On nextRunAt, inclusive'),
  nextTo: about('On nextRunAt, inclusive'),
})

const RunsQuery = Type.Object({
  ...SizeQuery,
  ...CursorQuery,
  job: about('The runs of this job alone, those that wait for their time too'),
  status: Type.Optional(Type.Enum([...runStatuses])),
  reason: Type.Optional(Type.Enum([...reasons])),
  from: about('On scheduledAt, inclusive'),
  to: about('On scheduledAt, inclusive'),
})

/** Lists that are too long for pages, and what to look for in them. */
export function addSearchRoutes(app: HttpApp, { jobs, reads, leaseMs }: SearchRoutesDeps): void {
  app.get(
    '/api/v1/jobs/search',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['jobs'],
        summary: 'Search your jobs, newest first',
        querystring: JobsQuery,
        response: { 200: JobsFound },
      },
    },
    async request => {
      const { name, namePrefix, tag, task, status, jobType, size } = request.query
      const { nextFrom, nextTo } = request.query
      const created = readSpan(request.query)
      const fires = readSpan({ from: nextFrom, to: nextTo }, ['nextFrom', 'nextTo'])
      const place = readCursor('jobs', request.query.cursor)
      const found = await searchJobs(
        reads,
        request.caller.userId,
        {
          name: name ?? null,
          namePrefix: namePrefix ?? null,
          tags: tag ?? [],
          task: task ?? null,
          status: status ?? null,
          jobType: jobType ?? null,
          ...{ createdFrom: created.from, createdTo: created.to },
          ...{ nextFrom: fires.from, nextTo: fires.to },
        },
        { after: place && { createdAt: place.at, jobId: place.jobId }, limit: size },
      )
      const next = found.next && { at: found.next.createdAt, jobId: found.next.jobId }
      return { jobs: found.jobs.map(toFound), next: next && writeCursor('jobs', next) }
    },
  )

  app.get(
    '/api/v1/runs',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: 'List your runs that have ended or are in flight, latest fire time first',
        querystring: RunsQuery,
        response: { 200: RunsFound },
      },
    },
    async request => {
      const { userId } = request.caller
      const { job, status = null, reason = null, size } = request.query
      if (job === undefined && status === 'PENDING')
        throw new CronosError('INVALID_REQUEST', 'job must be provided for status PENDING')
      const search = { status, reason, ...readSpan(request.query) }
      const page = { after: readRunCursor(request.query.cursor), limit: size }
      const { runs, next } =
        job === undefined
          ? await searchRuns(reads, userId, search, page, leaseMs)
          : await searchRunsOfJob(reads, await ownJob(job), userId, search, page)
      return { runs: runs.map(toRunSummary), next: next && writeRunCursor(next) }

      async function ownJob(jobId: string): Promise<JobId> {
        return (await jobs.read(userId, jobId)).jobId
      }
    },
  )
}

export function readRunCursor(text: string | undefined): RunKey | null {
  const place = readCursor('runs', text)
  return place && { jobId: place.jobId, scheduledAt: place.at }
}

export function writeRunCursor({ jobId, scheduledAt }: RunKey): string {
  return writeCursor('runs', { at: scheduledAt, jobId })
}

function toFound(job: FoundJobRow): FoundJob {
  const { name, tags, priority, task } = job
  return { ...toSummary(job), name, tags: [...tags], priority, task }
}
