import {
  CreateJob,
  CreateJobs,
  CronosError,
  JobCreated,
  JobsCreated,
  readTraceparent,
} from '@cronos/contract'
import type { UserId } from '@cronos/domain'
import {
  type AllowanceOptions,
  allowance,
  type HttpApp,
  shapeCompiler,
  userWith,
} from '@cronos/runtime'
import type { Jobs } from './jobs.ts'

export interface CreationRoutesDeps {
  readonly jobs: Jobs
  /** Jobs that one owner may create. */
  readonly limit: AllowanceOptions
}

interface WithHeaders {
  header(name: string, value: string): unknown
}

/** The largest body of a bulk, in bytes: 16 MiB. */
const BULK_LIMIT = 16_777_216

/** How jobs come to be. */
export function addCreationRoutes(app: HttpApp, { jobs, limit }: CreationRoutesDeps): void {
  const { take } = allowance(limit)

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
      charge(request.caller.userId, 1, reply)
      const { caller, body, headers, repeatable } = request
      const trace = readTraceparent(headers['traceparent'])
      const created = await jobs.create(caller.userId, body, repeatable, trace)
      reply.code(201)
      return created
    },
  )

  app.post(
    '/api/v1/jobs/bulk',
    {
      config: { access: userWith('jobs.create') },
      bodyLimit: BULK_LIMIT,
      validatorCompiler: shapeCompiler,
      schema: {
        tags: ['jobs'],
        summary: 'Create up to 10,000 jobs, all of them or none',
        body: CreateJobs,
        response: { 201: JobsCreated },
      },
    },
    async (request, reply) => {
      const { userId } = request.caller
      charge(userId, request.body.jobs.length, reply)
      const { body, headers, repeatable } = request
      const trace = readTraceparent(headers['traceparent'])
      const created = await jobs.createAll(userId, body.jobs, repeatable, trace)
      reply.code(201)
      return created
    },
  )

  /** @throws {CronosError} TOO_MANY_REQUESTS when the owner has created too much of late */
  function charge(owner: UserId, count: number, reply: WithHeaders): void {
    const waitMs = take(owner, count, performance.now())
    if (waitMs === 0) return
    const seconds = Math.ceil(waitMs / 1_000)
    reply.header('retry-after', String(seconds))
    throw new CronosError(
      'TOO_MANY_REQUESTS',
      `you have created too many jobs of late, try again in ${seconds} s`,
    )
  }
}
