import PDFDocument from 'pdfkit'
import { fonts } from './font.ts'

export const colors = {
  ink: '#1b2733',
  muted: '#66788a',
  line: '#dde3ea',
  shade: '#f4f6f9',
  accent: '#2456a6',
  succeeded: '#2f9e6e',
  failed: '#d64545',
  other: '#b6c2cf',
} as const

export type Pdf = PDFKit.PDFDocument

/** A4 upright, in points; what lies within the margins is drawn on. */
export const page = { width: 595.28, height: 841.89, left: 44, right: 44, top: 48, bottom: 56 }
export const contentWidth = page.width - page.left - page.right
export const contentBottom = page.height - page.bottom

export interface TextStyle {
  readonly size: number
  readonly bold?: boolean
  readonly color?: string
  readonly align?: 'left' | 'right' | 'center'
}

/** Opens a document with the fonts in it. */
export function openPdf(title: string, madeAt: Date): Pdf {
  const pdf = new PDFDocument({
    size: 'A4',
    margins: { left: page.left, right: page.right, top: page.top, bottom: 0 },
    bufferPages: true, // the footers know the number of pages
    lang: 'en',
    displayTitle: true,
    info: { Title: title, Author: 'Cronos', Creator: 'Cronos', CreationDate: madeAt },
  })
  pdf.registerFont('regular', fonts.regular.bytes)
  pdf.registerFont('bold', fonts.bold.bytes)
  return pdf
}

/** Writes one line into a box and cuts it with an ellipsis where it is too long. */
export function writeLine(
  pdf: Pdf,
  text: string,
  box: { readonly x: number; readonly y: number; readonly width: number },
  style: TextStyle,
): void {
  const { size, bold = false, color = colors.ink, align = 'left' } = style
  pdf.font(bold ? 'bold' : 'regular', size).fillColor(color)
  const line = fit(pdf, (bold ? fonts.bold : fonts.regular).printable(text), box.width)
  const slack = box.width - pdf.widthOfString(line)
  const shift = align === 'right' ? slack : align === 'center' ? slack / 2 : 0
  pdf.text(line, box.x + shift, box.y, { lineBreak: false })
}

/** The longest beginning of the text that is no wider, in the font that is set. */
function fit(pdf: Pdf, text: string, width: number): string {
  if (text.length < 500 && pdf.widthOfString(text) <= width) return text
  const characters = [...text.slice(0, 1_000)]
  let low = 0
  let high = characters.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const start = `${characters.slice(0, middle).join('')}…`
    if (pdf.widthOfString(start) <= width) low = middle
    else high = middle - 1
  }
  return `${characters.slice(0, low).join('').trimEnd()}…`
}

/** The text in at most `count` lines, broken between words; the last one says where it was cut. */
export function toLines(
  pdf: Pdf,
  text: string,
  width: number,
  { size, bold = false }: TextStyle,
  count: number,
): string[] {
  const font = bold ? 'bold' : 'regular'
  pdf.font(font, size)
  const words = fonts[font].printable(text.slice(0, 2_000)).split(' ')
  const lines: string[] = []
  while (words.length > 0 && lines.length < count - 1) {
    let line = words.shift()!
    while (words.length > 0 && pdf.widthOfString(`${line} ${words[0]}`) <= width)
      line += ` ${words.shift()}`
    if (pdf.widthOfString(line) > width) {
      // One word that is wider than a line is broken where the line ends.
      const start = fit(pdf, line, width).slice(0, -1)
      words.unshift(line.slice(start.length))
      line = start
    }
    lines.push(line)
  }
  if (words.length > 0) lines.push(fit(pdf, words.join(' '), width))
  return lines
}

/** Makes sure of so much room below `pdf.y`; a new page where there is less. */
function ensureRoom(pdf: Pdf, height: number): void {
  if (pdf.y + height <= contentBottom) return
  pdf.addPage()
  pdf.y = page.top
}

export function writeHeading(pdf: Pdf, text: string, roomBelow: number): void {
  ensureRoom(pdf, 30 + roomBelow)
  const y = pdf.y
  writeLine(pdf, text, { x: page.left, y, width: contentWidth }, { size: 11.5, bold: true })
  pdf.y = y + 22
}
