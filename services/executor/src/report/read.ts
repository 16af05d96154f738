import type { UserId } from '@cronos/domain'
import {
  MAX_ARTIFACT_BYTES,
  type Period,
  type Pool,
  pageRunLines,
  type RunSummary,
  sql,
  summarizeRuns,
} from '@cronos/store'

/** Bars of the chart, and rows of each table. */
const SPANS = 48
const TOP = 25
/** The file of runs holds no more, however many the period has. */
const MAX_CSV_ROWS = 50_000

/** The figures of a report, and the file of its runs. */
export interface ReportData {
  readonly summary: RunSummary
  readonly csv: { readonly rows: number; readonly bytes: Uint8Array }
}

/**
 * Reads what a report tells, all of it as it was at one instant: figures that the database sums up,
 * and the newest runs, a page at a time.
 */
export function readReport(db: Pool, owner: UserId, period: Period): Promise<ReportData> {
  return db.transaction(async tx => {
    await tx.query(sql`set transaction isolation level repeatable read, read only`)
    const summary = await summarizeRuns(tx, owner, period, { spans: SPANS, top: TOP })
    const { openRunTable } = await import('./csv.ts') // its library is loaded when first needed
    const table = openRunTable(MAX_ARTIFACT_BYTES)
    for await (const page of pageRunLines(tx, owner, period, MAX_CSV_ROWS))
      if (!table.add(page)) break
    return { summary, csv: { rows: table.rows, bytes: table.toBytes() } }
  })
}
