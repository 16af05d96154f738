import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant, type JobId, type RunId } from '@cronos/domain'
import type { RunSummary } from '@cronos/store'
import { extractText, getDocumentProxy, getMeta } from 'unpdf'
import type { ReportDocument } from './document.ts'
import renderReport from './pdf-worker.ts'

const from = Date.UTC(2026, 10, 22, 20, 44)
const to = from + 86_400_000
const jobId = 'job_01975d3a-8c1f-7a3b-9d00-0123456789ab' as JobId

const nothing: RunSummary = {
  totals: {
    ...{ runs: 0, succeeded: 0, failed: 0, cancelled: 0, unfinished: 0, retried: 0, jobs: 0 },
    ...{ medianMs: null, p95Ms: null },
  },
  spans: [{ from: instant(from), runs: 0, succeeded: 0, failed: 0 }],
  jobs: [],
  failures: [],
}

/** A summary of two jobs' runs, with as many rows as there are failures. */
function busy(failures: number): RunSummary {
  const counts = { runs: 1_200, succeeded: 1_100, failed: 90 }
  return {
    totals: {
      ...counts,
      ...{ cancelled: 4, unfinished: 6, retried: 12, jobs: 2, medianMs: 84, p95Ms: 2_300 },
    },
    spans: Array.from({ length: 48 }, (_, n) => ({
      from: instant(from + n * 1_800_000),
      ...counts,
    })),
    jobs: ['Monthly invoice', 'Отчёт 日本'].map(label => ({
      ...{ jobId, task: 'send_email', label, ...counts, averageMs: 12 },
      lastFireAt: instant(to - 60_000),
    })),
    failures: Array.from({ length: failures }, (_, n) => ({
      ...{ jobId, task: 'send_email', scheduledAt: instant(to - n * 1_000), attempt: 3 },
      message: `connect ECONNREFUSED, number ${n}\nand a second line`,
    })),
  }
}

function report(given: Partial<ReportDocument> = {}): ReportDocument {
  return {
    title: 'recurring job every 2 mins',
    period: { from: instant(from), to: instant(to) },
    summary: busy(3),
    runId: 'run_01975d3a-8c1f-7a3b-9d00-0123456789ab_1795466640000' as RunId,
    madeAt: instant(to),
    csv: { name: 'runs.csv', rows: 1_200, cut: false },
    ...given,
  }
}

/** The PDF's pages as text, as a reader would find it. */
async function read(document: ReportDocument): Promise<string[]> {
  const bytes = await renderReport(document)
  assert.equal(Buffer.from(bytes.subarray(0, 5)).toString(), '%PDF-')
  const { text } = await extractText(await getDocumentProxy(bytes))
  return text.map(page => page.replace(/\s+/g, ' '))
}

test('a report tells title, period, figures, jobs and failures', async () => {
  const [page] = await read(report())
  for (const part of [
    'recurring job every 2 mins',
    '2026-11-22 20:44 UTC – 2026-11-23 20:44 UTC',
    '1,200',
    '92.4 %',
    '84 ms',
    '2.3 s',
    'Runs over time',
    'Monthly invoice',
    jobId,
    'Latest failures (3 of 90)',
    'connect ECONNREFUSED, number 2 and a second line',
    'runs.csv holds all 1,200 runs of the period.',
    'Page 1 of 1',
  ])
    assert.ok(page!.includes(part), `${part} is missing in: ${page}`)
})

test('a report knows its title and the instant it was made for', async () => {
  const { info } = await getMeta(await getDocumentProxy(await renderReport(report())))
  assert.equal(info['Title'], 'recurring job every 2 mins')
  assert.equal(info['CreationDate'], 'D:20261123204400Z')
})

test('a report on nothing says so', async () => {
  const csv = { name: 'runs.csv', rows: 0, cut: false }
  const [page] = await read(report({ summary: nothing, csv }))
  assert.match(page!, /No job had a run in this period\./)
})

test('a report says when its file does not hold all runs', async () => {
  const [page] = await read(report({ csv: { name: 'runs.csv', rows: 50, cut: true } }))
  assert.match(page!, /runs\.csv holds the newest 50 of 1,200 runs\./)
})

test('a table that is longer than a page goes on with its head on the next', async () => {
  const pages = await read(report({ summary: busy(50) }))
  assert.ok(pages.length >= 2)
  assert.match(pages[0]!, /Fire time Job Attempt Error .*number 0 /)
  assert.match(pages[1]!, /^Fire time Job Attempt Error .*number 49 /)
  assert.match(pages.at(-1)!, new RegExp(`Page ${pages.length} of ${pages.length}`))
})

test('letters of many scripts are drawn, and what the font has not shows as a box', async () => {
  const [page] = await read(report({ title: 'Zürich Łódź Ελλάδα Отчёт Հայ – 日本' }))
  assert.ok(page!.includes('Zürich Łódź Ελλάδα Отчёт Հայ – □□'), page!)
  assert.ok(page!.includes('Отчёт □□'), page!)
})

test('no title breaks a report', async () => {
  const titles = [
    ' ',
    'x'.repeat(10_000),
    'many words '.repeat(1_000),
    'a\nb\t\u0007\u202E\uFEFF',
    '👩‍👩‍👧‍👦🏳️‍🌈',
    '\uD83D lone',
    'שלום עולם',
    'مرحبا بالعالم',
    'e\u0301'.repeat(300),
    '<script>(){}[]%PDF \\) Tj',
  ]
  for (const title of titles) {
    const [page] = await read(report({ title }))
    assert.match(page!, /Page 1 of 1/, title.slice(0, 20))
  }
})
