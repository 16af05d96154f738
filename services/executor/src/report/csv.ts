import { formatInstant, type Instant, runIdOf } from '@cronos/domain'
import type { RunLine } from '@cronos/store'
import { stringify } from 'csv-stringify/sync'

/** Puts pages of runs together to a CSV file (RFC 4180, UTF-8 with a mark, as Excel wants it). */
export interface RunTable {
  /** Adds the page, or as many of its rows as there is room for. Answers whether all fitted. */
  add(page: readonly RunLine[]): boolean
  readonly rows: number
  /** The whole file. */
  toBytes(): Uint8Array
}

const COLUMNS = [
  'run_id',
  'job_id',
  'job_type',
  'task',
  'status',
  'reason',
  'scheduled_at',
  'started_at',
  'finished_at',
  'duration_ms',
  'attempt',
  'error',
]

/**
 * @param maxBytes the file grows no larger
 */
export function openRunTable(maxBytes: number): RunTable {
  const chunks = [Buffer.from(`\uFEFF${COLUMNS.join(',')}\r\n`)]
  let size = chunks[0]!.length
  let rows = 0
  const append = (runs: readonly RunLine[]) => {
    const bytes = Buffer.from(toLines(runs))
    if (size + bytes.length > maxBytes) return false
    chunks.push(bytes)
    size += bytes.length
    rows += runs.length
    return true
  }
  return {
    add: page => append(page) || page.every(run => append([run])),
    get rows() {
      return rows
    },
    toBytes: () => Buffer.concat(chunks),
  }
}

/** A cell that begins like a formula is told apart, so that a spreadsheet does not run it. */
function toLines(runs: readonly RunLine[]): string {
  return stringify(runs.map(cells), { record_delimiter: 'windows', escape_formulas: true })
}

function cells(run: RunLine): (string | number | null)[] {
  const { startedAt, finishedAt } = run
  return [
    runIdOf(run),
    run.jobId,
    run.jobType,
    run.task,
    run.status,
    run.reason,
    formatInstant(run.scheduledAt),
    at(startedAt),
    at(finishedAt),
    startedAt === null || finishedAt === null ? null : finishedAt - startedAt,
    run.attempt,
    run.error,
  ]
}

function at(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant)
}
