import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { create, type Font } from 'fontkit'

/**
 * DejaVu Sans draws Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian, Georgian and many symbols; the
 * fonts that PDF readers bring along know Western Europe only.
 */
export const fonts = {
  regular: loadFont('DejaVuSansCondensed.ttf'),
  bold: loadFont('DejaVuSansCondensed-Bold.ttf'),
}

export interface LoadedFont {
  readonly bytes: Buffer
  /** The text as this font can draw it. */
  printable(text: string): string
}

function loadFont(file: string): LoadedFont {
  const path = createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`)
  const bytes = readFileSync(path)
  const font = create(bytes) as Font
  return { bytes, printable: text => printable(font, text) }
}

/** Stands for a character that the font has not. */
const MISSING = '□'

/**
 * Line breaks and tabs become blanks, other control characters and what only steers the drawing of
 * its neighbours (variation selectors, joiners, directions) go, and a character that the font has
 * not becomes a box: it shows that something is missing, and the CSV has the text itself.
 */
function printable(font: Pick<Font, 'hasGlyphForCodePoint'>, text: string): string {
  const visible = text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}|\p{Cf}|\p{Variation_Selector}|\p{Emoji_Modifier}/gu, '')
    .normalize('NFC')
    .trim()
  return [...visible]
    .map(char => (font.hasGlyphForCodePoint(char.codePointAt(0)!) ? char : MISSING))
    .join('')
}
