import { colors, contentBottom, contentWidth, type Pdf, page, writeLine } from './page.ts'

export interface Column<Row> {
  readonly title: string
  /** A share of the page's width: the columns' shares are put in relation to their sum. */
  readonly share: number
  /** Of the letters in the rows, in points. */
  readonly size?: number
  readonly align?: 'left' | 'right'
  text(row: Row): string
  color?(row: Row): string | undefined
}

const ROW_HEIGHT = 17
const PADDING = 5
const SIZE = 7.5

/** Draws a table, its head again on each page. Cells are one line each. */
export function drawTable<Row>(
  pdf: Pdf,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  const sum = columns.reduce((total, column) => total + column.share, 0)
  const cells = columns.map((column, index) => {
    const before = columns.slice(0, index).reduce((total, { share }) => total + share, 0)
    return {
      column,
      x: page.left + (before / sum) * contentWidth + PADDING,
      width: (column.share / sum) * contentWidth - 2 * PADDING,
    }
  })

  const head = () => {
    const y = pdf.y
    pdf.rect(page.left, y, contentWidth, ROW_HEIGHT).fill(colors.shade)
    for (const { column, x, width } of cells)
      writeLine(
        pdf,
        column.title,
        { x, y: y + 4, width },
        { size: SIZE, bold: true, color: colors.muted, align: column.align ?? 'left' },
      )
    pdf.y = y + ROW_HEIGHT
  }

  head()
  for (const row of rows) {
    if (pdf.y + ROW_HEIGHT > contentBottom) {
      pdf.addPage()
      pdf.y = page.top
      head()
    }
    const y = pdf.y
    for (const { column, x, width } of cells) {
      const { size = SIZE } = column
      writeLine(
        pdf,
        column.text(row),
        { x, y: y + 4 + (SIZE - size) / 2, width },
        { size, color: column.color?.(row) ?? colors.ink, align: column.align ?? 'left' },
      )
    }
    pdf
      .moveTo(page.left, y + ROW_HEIGHT)
      .lineTo(page.left + contentWidth, y + ROW_HEIGHT)
      .lineWidth(0.5)
      .stroke(colors.line)
    pdf.y = y + ROW_HEIGHT
  }
}
