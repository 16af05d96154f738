import type { Instant, RunId } from '@cronos/domain'
import type { Period, RunSummary } from '@cronos/store'

/** All that a report shows: what the thread that draws it is given. */
export interface ReportDocument {
  readonly title: string
  readonly period: Period
  readonly summary: RunSummary
  /** The run that made the report. */
  readonly runId: RunId
  /** The fire time of that run. */
  readonly madeAt: Instant
  readonly csv: CsvNote
}

/** What the file beside the report holds. */
export interface CsvNote {
  readonly name: string
  readonly rows: number
  /** Whether runs of the period are missing from it, the oldest ones. */
  readonly cut: boolean
}
