import type { Period, RunSpan } from '@cronos/store'
import { formatCount, formatTick } from './format.ts'
import { colors, contentWidth, type Pdf, page, writeLine } from './page.ts'

const HEIGHT = 132
const AXIS_WIDTH = 34
const LABELS = 6

/** Draws the runs of a period over time: a bar for each span, stacked by what became of them. */
export function drawRunChart(pdf: Pdf, spans: readonly RunSpan[], period: Period): void {
  const top = pdf.y + 18
  drawLegend(pdf, pdf.y)
  const left = page.left + AXIS_WIDTH
  const width = contentWidth - AXIS_WIDTH
  const step = niceStep(Math.max(1, ...spans.map(span => span.runs)))
  const highest = step * Math.ceil(Math.max(1, ...spans.map(span => span.runs)) / step)
  const yOf = (runs: number) => top + HEIGHT - (runs / highest) * HEIGHT

  for (let runs = 0; runs <= highest; runs += step) {
    const y = yOf(runs)
    pdf
      .moveTo(left, y)
      .lineTo(left + width, y)
      .lineWidth(0.5)
      .stroke(colors.line)
    writeLine(
      pdf,
      formatCount(runs),
      { x: page.left, y: y - 4.5, width: AXIS_WIDTH - 6 },
      { size: 7, color: colors.muted, align: 'right' },
    )
  }

  const barWidth = width / spans.length
  spans.forEach((span, index) => {
    const x = left + index * barWidth + barWidth * 0.14
    let below = 0
    const parts = [
      [span.succeeded, colors.succeeded],
      [span.failed, colors.failed],
      [span.runs - span.succeeded - span.failed, colors.other],
    ] as const
    for (const [runs, color] of parts) {
      if (runs === 0) continue
      const height = yOf(below) - yOf(below + runs)
      // A few failures among very many runs must still be seen.
      pdf.rect(x, yOf(below + runs), barWidth * 0.72, Math.max(height, 0.75)).fill(color)
      below += runs
    }
  })

  const spanMs = period.to - period.from
  for (let label = 0; label <= LABELS; label += 1) {
    const center = left + (label / LABELS) * width
    const x = Math.min(center - 30, page.left + contentWidth - 60)
    const align = label === LABELS ? 'right' : 'center'
    const text = formatTick(new Date(period.from + (label / LABELS) * spanMs), spanMs)
    writeLine(
      pdf,
      text,
      { x, y: top + HEIGHT + 5, width: 60 },
      { size: 7, color: colors.muted, align },
    )
  }
  pdf.y = top + HEIGHT + 30
}

function drawLegend(pdf: Pdf, y: number): void {
  const entries = [
    ['Succeeded', colors.succeeded],
    ['Failed', colors.failed],
    ['Cancelled or unfinished', colors.other],
  ] as const
  let x = page.left + AXIS_WIDTH
  for (const [text, color] of entries) {
    pdf.rect(x, y + 1.5, 7, 7).fill(color)
    writeLine(pdf, text, { x: x + 11, y, width: 120 }, { size: 7.5, color: colors.muted })
    x += 24 + pdf.widthOfString(text)
  }
}

/** A step of 1, 2 or 5 times a power of ten that cuts an axis into at most five parts. */
export function niceStep(highest: number): number {
  const rough = highest / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find(candidate => candidate * power >= rough)!
  return Math.max(1, factor * power)
}
