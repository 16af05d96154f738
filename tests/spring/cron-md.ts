import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync(join(import.meta.dirname, '../../docs/cron.md'), 'utf8')

/**
 * The rows of the table under a heading of docs/cron.md, without its head; each cell as text, code
 * without its quotes.
 *
 * @throws when there is no such table: a page that lost one must not pass for tested
 */
export function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`))
  const rows = section?.match(/^\|.*\|$/gm)?.slice(2) ?? []
  if (rows.length === 0) throw new Error(`docs/cron.md has no table under ${heading}`)
  return rows.map(row =>
    row
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim().replaceAll('`', '')),
  )
}
