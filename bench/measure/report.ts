import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** Rows of a table; all have the keys of the first. */
export type Row = Readonly<Record<string, string>>

export interface Report {
  /** The benchmark's name, which is its file's. */
  readonly name: string
  /** What was measured, in a sentence or two. */
  readonly what: string
  readonly rows: readonly Row[]
  /** Whatever the rows were made of. */
  readonly figures: unknown
}

const RESULTS = join(import.meta.dirname, '../results')

/** Prints the table and the machine, and writes all of it to `bench/results/<name>.json`. */
export function publish({ name, what, rows, figures }: Report): void {
  console.log(`\n${what}\n`)
  console.log(tableOf(rows))
  console.log(`\n${describeMachine()}`)
  mkdirSync(RESULTS, { recursive: true })
  const file = join(RESULTS, `${name}.json`)
  const content = { name, what, at: new Date().toISOString(), machine: describeMachine(), rows }
  writeFileSync(file, `${JSON.stringify({ ...content, figures }, null, 2)}\n`)
  console.log(file)
}

/** A table in Markdown, its columns padded so that it can be read as it is. */
function tableOf(rows: readonly Row[]): string {
  const [first] = rows
  if (first === undefined) return '(nothing was measured)'
  const names = Object.keys(first)
  const widths = names.map(name =>
    Math.max(name.length, ...rows.map(row => (row[name] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`
  return [
    line(names),
    line(widths.map(width => '-'.repeat(width))),
    ...rows.map(row => line(names.map(name => row[name] ?? ''))),
  ].join('\n')
}

function describeMachine(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const system = /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  return (
    `${cpus().length} × ${cpu?.model.trim()}, ${memory} GB, ${system}, Linux ${release()}, ` +
    `Node ${process.version}; load average ${loadavg()
      .map(load => load.toFixed(1))
      .join(' ')}`
  )
}
