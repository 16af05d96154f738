import { CronosError, type Progress, RunDetails, RunSummary } from '@cronos/contract'
import { formatInstant, type Instant, type RunKey, runIdOf } from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import {
  type AttemptRow,
  type ListedRun,
  listArtifacts,
  type Pool,
  type RecordedError,
  type RunDetails as RunDetailsRow,
  readArtifact,
  readRun,
} from '@cronos/store'
import { Type } from 'typebox'
import { textOf } from './instant-text.ts'
import { quote } from './quote.ts'
import { runKeyOf, unknownRun } from './run-id.ts'

export const RunList = Type.Array(RunSummary)

const RunPath = Type.Object({ runId: Type.String() })
const ArtifactPath = Type.Object({ runId: Type.String(), name: Type.String() })

/** Of whatever content type the run gave it. */
const File = Type.Unsafe<Buffer>({
  description: 'The file',
  content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
})

/** What a user may ask of runs and of what they made. */
export function addRunRoutes(app: HttpApp, { reads }: { reads: Pool }): void {
  app.get(
    '/api/v1/runs/:runId',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: 'Show a run with its attempts and artifacts',
        params: RunPath,
        response: { 200: RunDetails },
      },
    },
    async request => {
      const { runId } = request.params
      const { userId } = request.caller
      const key = runKeyOf(runId)
      const run = await readRun(reads, key, userId)
      if (run === null) throw unknownRun(runId)
      const artifacts = await listArtifacts(reads, userId, key)
      return {
        ...toRunSummary(run),
        dueAt: formatInstant(run.dueAt),
        tzdata: run.tzdata,
        ...toCircumstances(run),
        output: run.output,
        attempts: run.attempts.map(toAttempt),
        artifacts: artifacts.map(each => ({ ...each, createdAt: formatInstant(each.createdAt) })),
      }
    },
  )

  app.get(
    '/api/v1/runs/:runId/artifacts/:name',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: 'Download what a run made',
        params: ArtifactPath,
        response: { 200: File },
      },
    },
    async (request, reply) => {
      const { runId, name } = request.params
      const artifact = await readArtifact(reads, request.caller.userId, runKeyOf(runId), name)
      if (artifact === null)
        throw new CronosError('ARTIFACT_NOT_FOUND', `There is no artifact ${quote(name)}`)
      return reply
        .header('content-type', artifact.contentType)
        .header('content-disposition', `attachment; filename*=UTF-8''${encodeName(artifact.name)}`)
        .send(Buffer.from(artifact.bytes))
    },
  )
}

/** As RFC 8187 wants it. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16)}`,
  )
}

export function toRunSummary(run: ListedRun): RunSummary {
  const { jobId, status, reason, attempt, maxAttempts, fence, executor } = run
  return {
    runId: runIdOf(run),
    jobId,
    scheduledAt: formatInstant(run.scheduledAt),
    ...{ status, reason, attempt, maxAttempts, fence, executor },
    claimedAt: textOf(run.claimedAt),
    publishedAt: textOf(run.publishedAt),
    startedAt: textOf(run.startedAt),
    finishedAt: textOf(run.finishedAt),
    error: toError(run.error),
  }
}

/** Why the run came to be, how it went, and what became of it since. */
function toCircumstances(run: RunDetailsRow) {
  const { reason, attempt, requestedBy, replayOf, replayedAt, lateMs, logLines } = run
  const isFire = reason === 'FIRE' || reason === 'CATCH_UP'
  return {
    why: {
      reason,
      fireTime: isFire ? formatInstant(run.scheduledAt) : null,
      requestedBy,
      replayOf: sibling(run, replayOf),
      retries: Math.max(0, attempt - 1),
    },
    ...{ lateMs, logLines },
    progress: toProgress(run.progress),
    replayedAs: sibling(run, replayedAt),
    dismissedAt: textOf(run.dismissedAt),
  }
}

/** Another run of the same job. */
export function sibling({ jobId }: RunKey, scheduledAt: Instant | null): string | null {
  return scheduledAt === null ? null : runIdOf({ jobId, scheduledAt })
}

export function toProgress(progress: RunDetailsRow['progress']): Progress | null {
  if (progress === null) return null
  const { fraction, done, total, message, at } = progress
  return { fraction, done, total, message, at: new Date(at).toISOString() }
}

export function toAttempt(attempt: AttemptRow): RunDetails['attempts'][number] {
  return {
    ...attempt,
    startedAt: textOf(attempt.startedAt),
    endedAt: textOf(attempt.endedAt),
    error: toError(attempt.error, 'with stack'),
  }
}

/** Where it was thrown is told with an attempt alone; lists stay short. */
export function toError(
  error: RecordedError | null,
  detail: 'with stack' | 'short' = 'short',
): RunSummary['error'] {
  if (error === null) return null
  const { message, name, stack, cause } = error
  return {
    message,
    ...(name === undefined ? {} : { name }),
    ...(stack === undefined || detail === 'short' ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: toError(cause, detail) }),
  }
}
