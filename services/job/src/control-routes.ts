import {
  CloneJob,
  EditJob,
  JobCreated,
  JobDetails,
  JobPaused,
  JobResumed,
  JobTriggered,
  PauseJob,
  RunCancelled,
} from '@cronos/contract'
import { formatInstant } from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { Type } from 'typebox'
import { cloneRequest } from './clone.ts'
import type { Controls } from './controls.ts'
import { etagOf } from './if-match.ts'
import { textOf } from './instant-text.ts'
import type { Jobs } from './jobs.ts'
import { type JobRoutesDeps, toDetails } from './routes.ts'

export interface ControlRoutesDeps extends Pick<JobRoutesDeps, 'retry'> {
  readonly jobs: Jobs
  readonly controls: Controls
}

const JobPath = Type.Object({ jobId: Type.String() })
const RunPath = Type.Object({ runId: Type.String() })
const IfMatch = Type.Object({ 'if-match': Type.Optional(Type.String()) })
const NoContent = Type.Null({ description: 'Done' })

/** What a user may do with one job or run. */
export function addControlRoutes(app: HttpApp, deps: ControlRoutesDeps): void {
  const { jobs, controls, retry } = deps

  app.post(
    '/api/v1/jobs/:jobId/pause',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Hold a job; it starts nothing from then on, but what runs goes on',
        params: JobPath,
        body: PauseJob,
        response: { 200: JobPaused },
      },
    },
    async (request, reply) => {
      const { jobId } = request.params
      const { note = null } = request.body ?? {}
      const paused = await controls.pause(request.caller.userId, jobId, note)
      reply.header('etag', etagOf(paused.version))
      return {
        ...{ jobId, status: 'PAUSED' as const },
        paused: { at: formatInstant(paused.pausedAt), note: paused.note },
      }
    },
  )

  app.post(
    '/api/v1/jobs/:jobId/resume',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Let a paused job go on; tells what became of the fire times it missed',
        params: JobPath,
        response: { 200: JobResumed },
      },
    },
    async (request, reply) => {
      const { jobId } = request.params
      const { missed, skipped, became, nextRunAt, version } = await controls.resume(
        request.caller.userId,
        jobId,
      )
      reply.header('etag', etagOf(version))
      return { jobId, missed, skipped, became, nextRunAt: formatInstant(nextRunAt) }
    },
  )

  app.post(
    '/api/v1/jobs/:jobId/trigger',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Run a job now, beside its fire times',
        params: JobPath,
        response: { 202: JobTriggered },
      },
    },
    async (request, reply) => {
      const { caller, params, repeatable } = request
      const runId = await controls.trigger(caller.userId, params.jobId, repeatable)
      reply.code(202)
      return { runId }
    },
  )

  app.delete(
    '/api/v1/jobs/:jobId',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Delete a job with its runs, in whatever status',
        params: JobPath,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await controls.delete(request.caller.userId, request.params.jobId)
      return reply.code(204).send(null)
    },
  )

  app.patch(
    '/api/v1/jobs/:jobId',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Change a job by merge patch; with If-Match only the version that it names',
        consumes: ['application/merge-patch+json', 'application/json'],
        params: JobPath,
        headers: IfMatch,
        body: EditJob,
        response: { 200: JobDetails },
      },
    },
    async (request, reply) => {
      const { params, body, headers, caller } = request
      const job = await controls.edit(caller.userId, params.jobId, body, headers['if-match'])
      reply.header('etag', etagOf(job.version))
      return toDetails(job, retry)
    },
  )

  app.post(
    '/api/v1/jobs/:jobId/clone',
    {
      config: { access: userWith('jobs.create') },
      schema: {
        tags: ['controls'],
        summary: 'Create a job like another one, but for the overrides',
        params: JobPath,
        body: CloneJob,
        response: { 201: JobCreated },
      },
    },
    async (request, reply) => {
      const { userId } = request.caller
      const job = await jobs.read(userId, request.params.jobId)
      reply.code(201)
      const wanted = cloneRequest(job, request.body?.overrides ?? {})
      return await jobs.create(userId, wanted, request.repeatable)
    },
  )

  app.post(
    '/api/v1/runs/:runId/cancel',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['controls'],
        summary: 'Cancel one run; one that is going on is asked to end',
        params: RunPath,
        response: { 200: RunCancelled, 202: RunCancelled },
      },
    },
    async (request, reply) => {
      const { runId } = request.params
      const cancelAt = await controls.cancelRun(request.caller.userId, runId)
      reply.code(cancelAt === null ? 200 : 202)
      const status = cancelAt === null ? ('CANCELLED' as const) : ('RUNNING' as const)
      return { runId, status, cancelAt: textOf(cancelAt) }
    },
  )
}
