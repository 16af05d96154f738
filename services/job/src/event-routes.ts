import { CronosError } from '@cronos/contract'
import { type Instant, instant, isWritable } from '@cronos/domain'
import { type EventStreams, type HttpApp, userWith } from '@cronos/runtime'
import { type Pool, readRun } from '@cronos/store'
import { Type } from 'typebox'
import type { Live } from './live/live.ts'
import { parseRunPlace, type RunPlace } from './live/run-follower.ts'
import { quote } from './quote.ts'
import { runKeyOf, unknownRun } from './run-id.ts'

export interface EventRoutesDeps {
  readonly live: Live
  readonly streams: EventStreams
  readonly reads: Pool
}

const RunPath = Type.Object({ runId: Type.String() })
/** The latest event's id, which a client sends when it comes back. */
const ResumeHeaders = Type.Object({ 'last-event-id': Type.Optional(Type.String()) })
const produces = ['text/event-stream']
const Events = Type.String({ description: 'Server-sent events, for as long as the token is good' })

/** What happens to a user's jobs and runs, while it happens. */
export function addEventRoutes(app: HttpApp, { live, streams, reads }: EventRoutesDeps): void {
  app.get(
    '/api/v1/jobs/events',
    {
      config: { access: userWith('jobs.read') },
      exposeHeadRoute: false, // a stream has no end to wait for
      schema: {
        tags: ['events'],
        summary: 'Follow your jobs and runs, by server-sent events',
        headers: ResumeHeaders,
        produces,
        response: { 200: Events },
      },
    },
    async (request, reply) => {
      const since = readSince(request.headers['last-event-id'])
      const stream = streams.open(request, reply)
      await live.followJobs(request.caller.userId, since, stream).catch(endWith(stream))
      return reply
    },
  )

  app.get(
    '/api/v1/runs/:runId/events',
    {
      config: { access: userWith('jobs.read') },
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Follow a run to its end: status, attempts, progress and log',
        params: RunPath,
        headers: ResumeHeaders,
        produces,
        response: { 200: Events },
      },
    },
    async (request, reply) => {
      const { runId } = request.params
      const { userId } = request.caller
      const key = runKeyOf(runId)
      const from = readRunPlace(request.headers['last-event-id'])
      if ((await readRun(reads, key, userId)) === null) throw unknownRun(runId)
      const stream = streams.open(request, reply)
      await live.followRun(userId, key, from, stream).catch(endWith(stream))
      return reply
    },
  )
}

/** The answer has begun: what goes wrong now ends the stream, and its client comes back. */
function endWith(stream: { end(reason: string): void }) {
  return (error: unknown) => {
    stream.end('not available')
    throw error
  }
}

function readSince(id: string | undefined): Instant | null {
  if (id === undefined || id === '') return null
  const ms = /^\d{1,16}$/.test(id) ? Number(id) : Number.NaN
  if (!isWritable(ms)) throw foreignId(id)
  return instant(ms)
}

function readRunPlace(id: string | undefined): RunPlace | null {
  if (id === undefined || id === '') return null
  const place = parseRunPlace(id)
  if (place === null) throw foreignId(id)
  return place
}

function foreignId(id: string): CronosError {
  return new CronosError(
    'INVALID_REQUEST',
    `Last-Event-ID must be the id of an event of this stream, got ${quote(id)}`,
  )
}
