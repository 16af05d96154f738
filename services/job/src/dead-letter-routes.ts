import {
  ChooseLetters,
  type DeadLetter,
  DeadLetterDetails,
  DeadLetterPage,
  LetterFilterFields,
  LetterReplayed,
  LettersDone,
  ReplayLetter,
  ReplayLetters,
} from '@cronos/contract'
import {
  formatInstant,
  instant,
  isWritable,
  jobIdOf,
  parseInstant,
  runIdOf,
  uuidOf,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { type Letter, type LetterPlace, listLetters, type Pool, readLetter } from '@cronos/store'
import { Type } from 'typebox'
import { type DeadLetters, letterKeyOf, readFilter, unknownLetter } from './dead-letters.ts'
import { textOf } from './instant-text.ts'
import { foreignCursor, readCursor, writeCursor } from './place-cursor.ts'
import { sibling, toError } from './run-routes.ts'

export interface DeadLetterRoutesDeps {
  readonly letters: DeadLetters
  /** For lists and single reads. */
  readonly reads: Pool
}

const LetterPath = Type.Object({ runId: Type.String() })
const LetterQuery = Type.Object({
  ...LetterFilterFields,
  size: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: Type.Optional(Type.String({ description: 'Of the page before' })),
  replayed: Type.Optional(Type.Boolean({ description: 'Only those that were, or were not' })),
  dismissed: Type.Boolean({ default: false, description: 'Those that were dropped instead' }),
})
const NoContent = Type.Null({ description: 'Done' })

/** What a user may ask of runs that failed for good. */
export function addDeadLetterRoutes(app: HttpApp, { letters, reads }: DeadLetterRoutesDeps): void {
  app.get(
    '/api/v1/dead-letters',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['dead letters'],
        summary: 'List your runs that failed for good, the latest failure first',
        querystring: LetterQuery,
        response: { 200: DeadLetterPage },
      },
    },
    async request => {
      const { size, cursor, replayed = null, dismissed, ...fields } = request.query
      const filter = { ...readFilter(fields), replayed, dismissed }
      const after = cursor === undefined ? null : readPlace(cursor)
      const { userId } = request.caller
      const found = await listLetters(reads, userId, filter, { after, limit: size + 1 })
      const page = found.slice(0, size)
      const last = found.length > size ? page.at(-1) : undefined
      return {
        letters: page.map(toLetter),
        cursor: last === undefined ? null : writePlace(last.place),
      }
    },
  )

  app.get(
    '/api/v1/dead-letters/:runId',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['dead letters'],
        summary: 'Show a dead letter with the payload that failed',
        params: LetterPath,
        response: { 200: DeadLetterDetails },
      },
    },
    async request => {
      const { runId } = request.params
      const letter = await readLetter(reads, request.caller.userId, letterKeyOf(runId))
      if (letter === null) throw unknownLetter(runId)
      return { ...toLetter(letter), payload: letter.payload }
    },
  )

  app.post(
    '/api/v1/dead-letters/:runId/replay',
    {
      config: { access: userWith('jobs.update') },
      preValidation: allowNoBody,
      schema: {
        tags: ['dead letters'],
        summary: 'Run it again as a new run, with its payload or another one',
        params: LetterPath,
        body: ReplayLetter,
        response: { 202: LetterReplayed },
      },
    },
    async (request, reply) => {
      const { runId } = request.params
      const { payload = null } = request.body
      const { userId } = request.caller
      const run = await letters.replay(userId, runId, payload, requestKeyOf(request))
      reply.code(202)
      return {
        runId: runIdOf(run),
        replayOf: runId,
        jobId: run.jobId,
        scheduledAt: formatInstant(run.scheduledAt),
      }
    },
  )

  app.post(
    '/api/v1/dead-letters/replay',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['dead letters'],
        summary: 'Run many again, named or found; the answer tells what became of each',
        body: ReplayLetters,
        response: { 200: LettersDone },
      },
    },
    async request => letters.replayMany(request.caller.userId, request.body, requestKeyOf(request)),
  )

  app.delete(
    '/api/v1/dead-letters/:runId',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['dead letters'],
        summary: 'Drop it from the list; the run itself stays',
        params: LetterPath,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await letters.dismiss(request.caller.userId, request.params.runId)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/dead-letters/dismiss',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['dead letters'],
        summary: 'Drop many from the list; the answer tells what became of each',
        body: ChooseLetters,
        response: { 200: LettersDone },
      },
    },
    async request => letters.dismissMany(request.caller.userId, request.body),
  )
}

/** A body that may be left out is an empty object then. */
async function allowNoBody(request: { body: unknown }): Promise<void> {
  request.body ??= {}
}

/** What makes a replay that is asked for again the same replay. */
function requestKeyOf({ headers }: { headers: Record<string, unknown> }): string | null {
  const key = headers['idempotency-key']
  return typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key) ? key : null
}

function toLetter(letter: Letter): DeadLetter {
  const { jobId, jobName, task, reason, attempts } = letter
  return {
    runId: runIdOf(letter),
    ...{ jobId, jobName, task, reason, attempts },
    scheduledAt: formatInstant(letter.scheduledAt),
    failedAt: formatInstant(letter.failedAt),
    error: toError(letter.error) ?? { message: 'failed' },
    replayOf: sibling(letter, letter.replayOf),
    replayedAs: sibling(letter, letter.replayedAt),
    dismissedAt: textOf(letter.dismissedAt),
  }
}

function writePlace({ failedAt, jobId, scheduledAt }: LetterPlace): string {
  return writeCursor([failedAt.replace(' ', 'T'), uuidOf(jobId), scheduledAt])
}

const PLACE =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (-?\d{1,16})$/

function readPlace(cursor: string): LetterPlace {
  const [failedAt = '', uuid = '', ms] = readCursor(cursor, PLACE)
  const at = Number(ms)
  if (!isWritable(at) || parseInstant(failedAt.replace('+00', 'Z')) === null) throw foreignCursor()
  return { failedAt, jobId: jobIdOf(uuid), scheduledAt: instant(at) }
}
