import type { FailedRun, JobSummary, RunTotals } from '@cronos/store'
import { drawRunChart } from './chart.ts'
import type { CsvNote, ReportDocument } from './document.ts'
import { formatCount, formatDuration, formatMinute, formatSecond, formatShare } from './format.ts'
import {
  colors,
  contentWidth,
  openPdf,
  type Pdf,
  page,
  toLines,
  writeHeading,
  writeLine,
} from './page.ts'
import { type Column, drawTable } from './table.ts'

/** Runs in a thread: draws the report, and answers the PDF's bytes. */
export default async function renderReport(report: ReportDocument): Promise<Uint8Array> {
  const pdf = openPdf(report.title, new Date(report.madeAt))
  const bytes = collect(pdf)
  const { summary, period } = report

  drawTitle(pdf, report)
  drawFigures(pdf, summary.totals)
  if (summary.totals.runs === 0) {
    drawNote(pdf, 'No job had a run in this period.')
  } else {
    writeHeading(pdf, 'Runs over time', 190)
    drawRunChart(pdf, summary.spans, period)
    writeHeading(
      pdf,
      `Jobs with the most runs${ofAll(summary.jobs.length, summary.totals.jobs)}`,
      60,
    )
    drawTable(pdf, jobColumns, summary.jobs)
    pdf.y += 24
    if (summary.failures.length > 0) {
      const shown = ofAll(summary.failures.length, summary.totals.failed)
      writeHeading(pdf, `Latest failures${shown}`, 60)
      drawTable(pdf, failureColumns, summary.failures)
      pdf.y += 16
    }
  }
  drawNote(pdf, csvNote(report.csv, summary.totals))
  drawFooters(pdf, report)
  pdf.end()
  return bytes
}

function collect(pdf: Pdf): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk))
    pdf.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    pdf.on('error', reject)
  })
}

function drawTitle(pdf: Pdf, { title, period }: ReportDocument): void {
  pdf.rect(0, 0, page.width, 6).fill(colors.accent)
  const style = { size: 20, bold: true }
  let y = page.top - 10
  for (const line of toLines(pdf, title, contentWidth, style, 2)) {
    writeLine(pdf, line, { x: page.left, y, width: contentWidth }, style)
    y += 26
  }
  const span = `${formatMinute(period.from)}  –  ${formatMinute(period.to)}`
  const box = { x: page.left, y: y + 3, width: contentWidth }
  writeLine(pdf, span, box, { size: 9.5, color: colors.muted })
  pdf.y = y + 30
}

function drawFigures(pdf: Pdf, totals: RunTotals): void {
  const { runs, succeeded, failed, retried, medianMs, p95Ms } = totals
  const figures = [
    { name: 'Runs', value: formatCount(runs), color: colors.ink },
    { name: 'Succeeded', value: formatShare(succeeded, succeeded + failed), color: colors.ink },
    { name: 'Failed', value: formatCount(failed), color: failed ? colors.failed : colors.ink },
    { name: 'Retried', value: formatCount(retried), color: colors.ink },
    { name: 'Median time', value: formatDuration(medianMs), color: colors.ink },
    { name: '95 % within', value: formatDuration(p95Ms), color: colors.ink },
  ]
  const gap = 8
  const width = (contentWidth - gap * (figures.length - 1)) / figures.length
  const y = pdf.y
  figures.forEach(({ name, value, color }, index) => {
    const x = page.left + index * (width + gap)
    pdf.roundedRect(x, y, width, 48, 4).fill(colors.shade)
    const box = { x: x + 8, width: width - 16 }
    writeLine(pdf, name, { ...box, y: y + 8 }, { size: 7.5, color: colors.muted })
    writeLine(pdf, value, { ...box, y: y + 21 }, { size: 14, bold: true, color })
  })
  pdf.y = y + 72
}

const jobId = {
  title: 'Job',
  share: 150,
  size: 6.5, // the whole id fits, to be copied
  text: (row: { jobId: string }) => row.jobId,
  color: () => colors.muted,
}

const jobColumns: Column<JobSummary>[] = [
  { title: 'Task', share: 67, text: job => job.task },
  { title: 'Template or URL', share: 98, text: job => job.label },
  jobId,
  { title: 'Runs', share: 36, align: 'right', text: job => formatCount(job.runs) },
  {
    title: 'Failed',
    share: 36,
    align: 'right',
    text: job => formatCount(job.failed),
    color: job => (job.failed > 0 ? colors.failed : undefined),
  },
  { title: 'Average', share: 47, align: 'right', text: job => formatDuration(job.averageMs) },
  {
    title: 'Last fire',
    share: 73,
    align: 'right',
    text: job => formatMinute(job.lastFireAt).replace(' UTC', ''),
  },
]

const failureColumns: Column<FailedRun>[] = [
  { title: 'Fire time', share: 84, text: run => formatSecond(run.scheduledAt) },
  jobId,
  { title: 'Attempt', share: 46, align: 'right', text: run => String(run.attempt) },
  { title: 'Error', share: 227, text: run => run.message },
]

function ofAll(shown: number, all: number): string {
  return shown < all ? ` (${formatCount(shown)} of ${formatCount(all)})` : ''
}

function csvNote({ name, rows, cut }: CsvNote, { runs }: RunTotals): string {
  return cut
    ? `${name} holds the newest ${formatCount(rows)} of ${formatCount(runs)} runs.`
    : `${name} holds ${rows === 1 ? 'the one run' : `all ${formatCount(rows)} runs`} of the period.`
}

function drawNote(pdf: Pdf, text: string): void {
  const y = pdf.y
  writeLine(pdf, text, { x: page.left, y, width: contentWidth }, { size: 8.5, color: colors.muted })
  pdf.y = y + 20
}

function drawFooters(pdf: Pdf, { runId }: ReportDocument): void {
  const { count } = pdf.bufferedPageRange()
  for (let index = 0; index < count; index += 1) {
    pdf.switchToPage(index)
    const y = page.height - page.bottom + 22
    const style = { size: 7, color: colors.muted }
    writeLine(pdf, `Cronos · ${runId}`, { x: page.left, y, width: contentWidth - 80 }, style)
    const box = { x: page.width - page.right - 80, y, width: 80 }
    writeLine(pdf, `Page ${index + 1} of ${count}`, box, { ...style, align: 'right' })
  }
}
