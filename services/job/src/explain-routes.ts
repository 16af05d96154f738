import { CronosError, Explanation } from '@cronos/contract'
import {
  type Explanation as Explained,
  explainFireTime,
  explainJob,
  explainRun,
  parseJobId,
  parseRunId,
} from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { type Pool, readFireTimeFacts, readJobNowFacts, readRunFacts } from '@cronos/store'
import { Type } from 'typebox'
import { textOf } from './instant-text.ts'
import { quote } from './quote.ts'
import { readExactInstant } from './trigger.ts'

const RunPath = Type.Object({ runId: Type.String() })
const JobPath = Type.Object({ jobId: Type.String() })
const AtQuery = Type.Object({
  at: Type.Optional(Type.String({ description: 'The instant in question; now unless told' })),
})

/** Why runs and jobs are as they are. */
export function addExplainRoutes(
  app: HttpApp,
  { reads, runningPerOwner }: { reads: Pool; runningPerOwner: number | undefined },
): void {
  const limits = { runningPerOwner: runningPerOwner ?? Infinity }

  app.get(
    '/api/v1/runs/:runId/explain',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: 'Tell why a run came to be, what became of it, or what it waits for',
        params: RunPath,
        response: { 200: Explanation },
      },
    },
    async request => {
      const { runId } = request.params
      const key = parseRunId(runId)
      const { userId } = request.caller
      const [facts] = key
        ? await readRunFacts(reads, userId, key.jobId, [key.scheduledAt], limits)
        : []
      if (facts === undefined)
        throw new CronosError('RUN_NOT_FOUND', `There is no run ${quote(runId)}`)
      return show(explainRun(facts))
    },
  )

  app.get(
    '/api/v1/jobs/:jobId/explain',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['jobs'],
        summary: 'Tell why a job ran at an instant, why it did not, or how it is now',
        params: JobPath,
        querystring: AtQuery,
        response: { 200: Explanation },
      },
    },
    async request => {
      const { userId } = request.caller
      const { at } = request.query
      const jobId = parseJobId(request.params.jobId)
      const unknown = () =>
        new CronosError('JOB_NOT_FOUND', `There is no job ${quote(request.params.jobId)}`)
      if (jobId === null) throw unknown()
      if (at === undefined) {
        const facts = await readJobNowFacts(reads, userId, jobId, limits)
        if (facts === null) throw unknown()
        return show(explainJob(facts))
      }
      const instant = readExactInstant('at', at).at
      const facts = await readFireTimeFacts(reads, userId, jobId, instant, limits)
      if (facts === null) throw unknown()
      return show(explainFireTime(facts))
    },
  )
}

function show({ causes, nextAt }: Explained): Explanation {
  return { causes: causes.map(cause => ({ ...cause })), nextAt: textOf(nextAt) }
}
