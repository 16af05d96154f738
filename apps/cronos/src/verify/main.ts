import { isTransient, openPool } from '@cronos/store'
import { explain } from '../start-error.ts'
import { openJobsDatabase } from './database.ts'
import { readOptions, USAGE } from './options.ts'
import { describeBreak, describeLedger, summarize } from './report.ts'
import { isWell, verifyAll } from './verify.ts'

/** Reading what all jobs did may take long; single statements do not, but on a busy machine. */
const STATEMENT_TIMEOUT_MS = 600_000
/** How often a long one says how far it is. */
const PROGRESS_MS = 5_000

process.exitCode = await main()

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  switch (options.kind) {
    case 'help':
      console.log(USAGE)
      return 0
    case 'misuse':
      console.error(`cronos verify: ${options.why}\n\n${USAGE}`)
      return 2
    case 'verify':
      try {
        return await verify(options.sinceMs)
      } catch (error) {
        for (const line of whyNot(error)) console.error(`cronos verify: ${line}`)
        return 3
      }
    default:
      return options satisfies never
  }
}

function whyNot(error: unknown): readonly string[] {
  return isTransient(error) && error instanceof Error
    ? [`the database does not answer: ${error.message}`]
    : explain(error)
}

async function verify(sinceMs: number): Promise<number> {
  await using database = await openJobsDatabase(process.env)
  const name = 'cronos verify'
  const timeoutMs = STATEMENT_TIMEOUT_MS
  await using db = openPool({ ...database.address, name, max: 2, plans: 'general', timeoutMs })
  const tzdata = process.versions['tz'] ?? 'unknown'
  let toldAt = performance.now()
  const verified = await verifyAll(
    db,
    { sinceMs, leaseMs: database.leaseMs, tzdata },
    {
      job(ledger) {
        for (const line of describeLedger(ledger)) console.log(line)
      },
      rule: broken => console.log(describeBreak(broken)),
      progress(jobs) {
        if (performance.now() - toldAt < PROGRESS_MS) return
        toldAt = performance.now()
        console.error(`cronos verify: ${jobs.toLocaleString('en-US')} jobs so far`)
      },
    },
  )
  console.log(summarize(verified))
  return isWell(verified) ? 0 : 1
}
