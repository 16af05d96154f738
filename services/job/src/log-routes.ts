import { RunLog } from '@cronos/contract'
import { formatInstant } from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { type LogPlace, type Pool, readLog, readRun, type StoredLine } from '@cronos/store'
import { Type } from 'typebox'
import { readCursor, writeCursor } from './place-cursor.ts'
import { runKeyOf, unknownRun } from './run-id.ts'

const RunPath = Type.Object({ runId: Type.String() })
const LogQuery = Type.Object({
  size: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
  cursor: Type.Optional(Type.String({ description: 'Of the page before' })),
  attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
})

/** What the tasks of a run logged. */
export function addLogRoutes(app: HttpApp, { reads }: { reads: Pool }): void {
  app.get(
    '/api/v1/runs/:runId/logs',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['runs'],
        summary: 'Read what a run logged, page by page',
        params: RunPath,
        querystring: LogQuery,
        response: { 200: RunLog },
      },
    },
    async request => {
      const { runId } = request.params
      const { size, cursor, attempt = null } = request.query
      const { userId } = request.caller
      const key = runKeyOf(runId)
      const after = cursor === undefined ? null : readPlace(cursor)
      const run = await readRun(reads, key, userId)
      if (run === null) throw unknownRun(runId)
      const lines = await readLog(reads, userId, key, { after, attempt, limit: size })
      const isAll = run.finishedAt !== null && lines.length < size
      const last = lines.at(-1) ?? after ?? { fence: 0, line: 0 }
      return { lines: lines.map(toLogLine), cursor: isAll ? null : writePlace(last) }
    },
  )
}

export function toLogLine({ at, attempt, level, message, fields }: StoredLine) {
  return { at: formatInstant(at), attempt, level, message, fields: fields && { ...fields } }
}

function writePlace({ fence, line }: LogPlace): string {
  return writeCursor([fence, line])
}

function readPlace(cursor: string): LogPlace {
  const [fence, line] = readCursor(cursor, /^(\d{1,15}) (\d{1,9})$/)
  return { fence: Number(fence), line: Number(line) }
}
