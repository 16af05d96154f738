import {
  type Artifact,
  findReportDefinition,
  MAX_ARTIFACT_BYTES,
  saveArtifact,
} from '@cronos/store'
import { type Static, Type } from 'typebox'
import Schema from 'typebox/schema'
import type { ReportDocument } from '../report/document.ts'
import { periodOf } from '../report/period.ts'
import { readReport } from '../report/read.ts'
import { defineTask, FencedOutError, PermanentError, type TaskContext } from '../task.ts'

/** Drawing takes some 200 ms; starting a thread on a busy machine included. */
const DRAW_TIMEOUT_MS = 60_000
const PDF_NAME = 'report.pdf'
const CSV_NAME = 'runs.csv'

const periodFields = {
  from: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'an instant such as 2026-11-23T20:44:00Z',
    }),
  ),
  to: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'an instant such as 2026-11-23T20:44:00Z',
    }),
  ),
  period: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: 'a duration such as "24h" or "7d"' }),
  ),
}

const payload = Type.Object({
  template: Type.String({
    pattern: '\\S',
    description: 'the name of a stored report definition or a title',
  }),
  ...periodFields,
})

/** What a stored definition may say; the payload's own fields win. */
const definition = Type.Object({ title: Type.Optional(Type.String()), ...periodFields })

/**
 * Reports on the owner's runs of a period: a PDF to look at and a CSV to work with, both kept with
 * the run.
 */
export default defineTask({
  name: 'generate_report',
  payload,
  async run(payload, context) {
    const { title, ...fields } = await plan(payload, context)
    const period = periodOf(fields, context.scheduledAt)
    const { summary, csv } = await readReport(context.tools.db, context.owner, period)
    context.signal.throwIfAborted()
    context.progress({ done: 1, total: 3, message: 'history read' })

    const { runId, scheduledAt: madeAt } = context
    const note = { name: CSV_NAME, rows: csv.rows, cut: csv.rows < summary.totals.runs }
    const report: ReportDocument = { title, period, summary, runId, madeAt, csv: note }
    const pdf = await context.tools.workers.run<Uint8Array>(
      new URL('../report/pdf-worker.ts', import.meta.url),
      report,
      { timeoutMs: DRAW_TIMEOUT_MS, signal: context.signal },
    )
    context.progress({ done: 2, total: 3, message: 'report drawn' })
    await keep(context, {
      name: CSV_NAME,
      contentType: 'text/csv; charset=utf-8',
      bytes: csv.bytes,
    })
    await keep(context, { name: PDF_NAME, contentType: 'application/pdf', bytes: pdf })
    context.progress({ done: 3, total: 3, message: 'report kept' })
    context.log.info('the report is kept', {
      runs: summary.totals.runs,
      pdfBytes: pdf.byteLength,
      csvRows: csv.rows,
      csvBytes: csv.bytes.byteLength,
    })
    return {
      artifacts: [PDF_NAME, CSV_NAME],
      from: new Date(period.from).toISOString(),
      to: new Date(period.to).toISOString(),
      runs: summary.totals.runs,
      csvRows: csv.rows,
      csvCut: note.cut,
    }
  },
})

type Plan = Static<typeof definition> & { title: string }

/** What the payload asks for: by the owner's definition of that name, or under that title. */
async function plan(
  { template, ...own }: Static<typeof payload>,
  { tools, owner }: TaskContext,
): Promise<Plan> {
  const stored = await findReportDefinition(tools.db, owner, template)
  if (stored === null) return { ...own, title: template }
  const { definition: found } = stored
  if (!Schema.Check(definition, found)) {
    const [, errors] = Schema.Errors(definition, found)
    const { instancePath, message } = errors[0]!
    throw new PermanentError(
      `payload.template names a report definition that cannot be used: ${instancePath} ${message}`,
    )
  }
  const { from, to, period } = own
  // A period of the payload's own stands in place of the definition's, never half of each.
  const named = [from, to, period].some(field => field !== undefined && field !== null)
  return { ...(named ? own : (found as Plan)), title: (found as Plan).title ?? template }
}

async function keep(context: TaskContext, artifact: Artifact): Promise<void> {
  const { bytes, name } = artifact
  context.signal.throwIfAborted()
  if (bytes.byteLength > MAX_ARTIFACT_BYTES)
    throw new PermanentError(
      `${name} must be at most ${MAX_ARTIFACT_BYTES} bytes to be kept, got ${bytes.byteLength}`,
    )
  if (!(await saveArtifact(context.tools.db, context, artifact)))
    throw new FencedOutError(`${name} was not kept: the run is no longer this attempt’s`)
}
