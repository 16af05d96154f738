import { CronosError, ResolveRun } from '@cronos/contract'
import { parseRunId } from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { type Pool, resolveUnknown } from '@cronos/store'
import { Type } from 'typebox'
import { quote } from './quote.ts'

export interface ResolveDeps {
  readonly db: Pool
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

const NoContent = Type.Null({ description: 'Done' })

/** How a person answers for an attempt whose executor vanished. */
export function addResolveRoutes(app: HttpApp, { db, tellWake }: ResolveDeps): void {
  app.post(
    '/api/v1/runs/:runId/resolve',
    {
      config: { access: userWith('jobs.update') },
      schema: {
        tags: ['runs'],
        summary: 'Say what became of a run that is held because its executor vanished',
        params: Type.Object({ runId: Type.String() }),
        body: ResolveRun,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { runId } = request.params
      const key = parseRunId(runId)
      const resolved =
        key === null
          ? ({ kind: 'unknown' } as const)
          : await resolveUnknown(db, key, request.caller.userId, request.body.as)
      if (resolved.kind === 'unknown')
        throw new CronosError('RUN_NOT_FOUND', `There is no run ${quote(runId)}`)
      if (resolved.kind === 'refused')
        throw new CronosError(
          'INVALID_REQUEST',
          'Only a run that is held because its executor vanished can be resolved',
        )
      tellWake(0)
      return reply.code(204).send(null)
    },
  )
}
