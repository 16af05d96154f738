import { JobDetails, JobSummary, RescheduleJob } from '@cronos/contract'
import {
  formatInstant,
  formatIsoDuration,
  jobStatuses,
  jobTypes,
  type RunKey,
  type UserId,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import {
  countJobs,
  type JobDetails as JobDetailsRow,
  type JobFilter,
  listJobs,
  listRuns,
  type Pool,
  searchRunsOfJob,
} from '@cronos/store'
import { Type } from 'typebox'
import { textOf } from './instant-text.ts'
import { toSummary } from './job-summary.ts'
import type { Jobs } from './jobs.ts'
import { linkHeader, linksOf } from './links.ts'
import { showPolicies } from './policies.ts'
import { RunList, toRunSummary } from './run-routes.ts'
import { CursorQuery, readRunCursor, writeRunCursor } from './search-routes.ts'
import { readSpan } from './span.ts'

export interface JobRoutesDeps {
  readonly jobs: Jobs
  /** For lists and single reads. */
  readonly reads: Pool
  /** What executors are configured with, where a job asks for nothing. */
  readonly retry: { readonly baseMs: number; readonly capMs: number }
}

const JobPath = Type.Object({ jobId: Type.String() })
/** Pages count from 1; 0 and below read as 1. */
const PageQuery = {
  size: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
  page: Type.Integer({ default: 1 }),
}
const RunQuery = Type.Object({ ...PageQuery, ...CursorQuery })
const JobQuery = Type.Object({
  ...PageQuery,
  status: Type.Optional(Type.Enum([...jobStatuses])),
  jobType: Type.Optional(Type.Enum([...jobTypes])),
  from: Type.Optional(Type.String({ description: 'On createdAt, inclusive' })),
  to: Type.Optional(Type.String({ description: 'On createdAt, inclusive' })),
})
const anyRun = { status: null, reason: null, from: null, to: null }
const NoContent = Type.Null({ description: 'Done' })

/** What a user may ask of jobs. */
export function addJobRoutes(app: HttpApp, { jobs, reads, retry }: JobRoutesDeps): void {
  app.get(
    '/api/v1/jobs',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['jobs'],
        summary: 'List your jobs, newest first',
        querystring: JobQuery,
        response: { 200: Type.Array(JobSummary) },
      },
    },
    async (request, reply) => {
      const { userId } = request.caller
      const { status = null, jobType = null } = request.query
      const filter = { status, jobType, ...readSpan(request.query) }
      const page = pageOf(request.query)
      const rows = await listJobs(reads, userId, filter, page)
      const total = await totalOf(userId, filter, page, rows.length)
      const place = { page: Math.max(1, request.query.page), size: page.limit, length: rows.length }
      reply
        .header('x-total-count', String(total.count))
        .header('x-total-count-exact', String(total.isExact))
        .header('link', linkHeader(request.url, linksOf({ ...place, ...total })))
      return rows.map(toSummary)
    },
  )

  app.get(
    '/api/v1/jobs/:jobId',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['jobs'],
        summary: 'Show a job with what it was asked for',
        params: JobPath,
        response: { 200: JobDetails },
      },
    },
    async (request, reply) => {
      const job = await jobs.read(request.caller.userId, request.params.jobId)
      reply.header('etag', `"${job.version}"`)
      return toDetails(job, retry)
    },
  )

  app.get(
    '/api/v1/jobs/:jobId/runs',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: "List a job's runs, latest fire time first",
        params: JobPath,
        querystring: RunQuery,
        response: { 200: RunList },
      },
    },
    async (request, reply) => {
      const { userId } = request.caller
      const { cursor, size } = request.query
      const { jobId } = await jobs.read(userId, request.params.jobId)
      if (cursor === undefined) {
        const runs = await listRuns(reads, jobId, userId, pageOf(request.query))
        const last = runs.at(-1)
        if (last !== undefined && runs.length === size) linkNext(last)
        return runs.map(toRunSummary)
      }
      const page = { after: readRunCursor(cursor), limit: size }
      const { runs, next } = await searchRunsOfJob(reads, jobId, userId, anyRun, page)
      if (next !== null) linkNext(next)
      return runs.map(toRunSummary)

      function linkNext(run: RunKey): void {
        reply.header('link', linkHeader(request.url, { next: { cursor: writeRunCursor(run) } }))
      }
    },
  )

  app.post(
    '/api/v1/jobs/:jobId/cancel',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['jobs'],
        summary: 'Cancel a job that is SCHEDULED; it starts nothing from then on',
        params: JobPath,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await jobs.cancel(request.caller.userId, request.params.jobId)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/jobs/:jobId/reschedule',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['jobs'],
        summary: 'Move a one-time job that waits for its instant to another one',
        params: JobPath,
        body: RescheduleJob,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await jobs.reschedule(request.caller.userId, request.params.jobId, request.body.runAt)
      return reply.code(204).send(null)
    },
  )

  /** A page that is not full, and not past the end, tells by itself how long the list is. */
  async function totalOf(owner: UserId, filter: JobFilter, page: Page, length: number) {
    const isEnd = length < page.limit && (length > 0 || page.offset === 0)
    if (isEnd) return { count: page.offset + length, isExact: true }
    return countJobs(reads, owner, filter)
  }
}

interface Page {
  readonly limit: number
  readonly offset: number
}

function pageOf({ size, page }: { size: number; page: number }): Page {
  return { limit: size, offset: (Math.max(1, page) - 1) * size }
}

/** A job as its owner sees it. */
export function toDetails(job: JobDetailsRow, retry: JobRoutesDeps['retry']): JobDetails {
  const { executionMode, cronExpression, timeZone, payload, maxAttempts, everyMs, version } = job
  return {
    ...toSummary(job),
    ...{ executionMode, cronExpression, timeZone, payload, maxAttempts, version },
    dst: { gap: job.dstGap, overlap: job.dstOverlap },
    every: everyMs === null ? null : formatIsoDuration(everyMs),
    anchorAt: textOf(job.anchorAt),
    startAt: textOf(job.startAt),
    endAt: textOf(job.endAt),
    ...showPolicies(job, retry),
    paused: job.pausedAt && { at: formatInstant(job.pausedAt), note: job.pauseNote },
    updatedAt: formatInstant(job.updatedAt),
  }
}
