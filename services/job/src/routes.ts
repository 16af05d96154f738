import {
  CreateJob,
  CronosError,
  JobCreated,
  JobDetails,
  JobSummary,
  RescheduleJob,
} from '@cronos/contract'
import {
  formatInstant,
  formatIsoDuration,
  type Instant,
  type JobId,
  jobStatuses,
  jobTypes,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import {
  type JobDetails as JobDetailsRow,
  type JobRow,
  listJobs,
  listRuns,
  type Pool,
} from '@cronos/store'
import { Type } from 'typebox'
import { textOf } from './instant-text.ts'
import type { Jobs } from './jobs.ts'
import { showPolicies } from './policies.ts'
import { RunList, toRunSummary } from './run-routes.ts'
import { readExactInstant } from './trigger.ts'

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
const RunQuery = Type.Object(PageQuery)
const JobQuery = Type.Object({
  ...PageQuery,
  status: Type.Optional(Type.Enum([...jobStatuses])),
  jobType: Type.Optional(Type.Enum([...jobTypes])),
  from: Type.Optional(Type.String({ description: 'On createdAt, inclusive' })),
  to: Type.Optional(Type.String({ description: 'On createdAt, inclusive' })),
})
const NoContent = Type.Null({ description: 'Done' })

/** What a user may ask of jobs. */
export function addJobRoutes(app: HttpApp, { jobs, reads, retry }: JobRoutesDeps): void {
  app.post(
    '/api/v1/jobs',
    {
      config: { access: userWith('jobs.create') },
      schema: {
        tags: ['jobs'],
        summary: 'Create a job; the answer means that it is stored for good',
        body: CreateJob,
        response: { 201: JobCreated },
      },
    },
    async (request, reply) => {
      reply.code(201)
      return await jobs.create(request.caller.userId, request.body)
    },
  )

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
    async request => {
      const { status = null, jobType = null, from, to } = request.query
      const filter = { status, jobType, ...readSpan(from, to) }
      const rows = await listJobs(reads, request.caller.userId, filter, pageOf(request.query))
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
    async request => {
      const { userId } = request.caller
      const { jobId } = await jobs.read(userId, request.params.jobId)
      const runs = await listRuns(reads, jobId as JobId, userId, pageOf(request.query))
      return runs.map(toRunSummary)
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
}

function pageOf({ size, page }: { size: number; page: number }): { limit: number; offset: number } {
  return { limit: size, offset: (Math.max(1, page) - 1) * size }
}

function readSpan(
  from: string | undefined,
  to: string | undefined,
): { from: Instant | null; to: Instant | null } {
  const span = { from: readBound('from', from), to: readBound('to', to) }
  if (span.from !== null && span.to !== null && span.from > span.to)
    throw new CronosError('INVALID_REQUEST', `from must not be after to, got ${from} and ${to}`)
  return span
}

function readBound(name: string, text: string | undefined): Instant | null {
  return text === undefined ? null : readExactInstant(name, text).at
}

function toSummary(job: JobRow): JobSummary {
  return {
    jobId: job.jobId,
    jobType: job.jobType,
    status: job.status,
    nextRunAt: formatInstant(job.nextRunAt),
    createdAt: formatInstant(job.createdAt),
    failureReason: job.failureReason,
    failedAt: textOf(job.failedAt),
    attempts: job.attempts,
  }
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
