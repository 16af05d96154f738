import { parseArgs } from 'node:util'
import { duration } from '@cronos/runtime'

/** How `cronos verify` was called. */
export type VerifyOptions =
  | { readonly kind: 'verify'; readonly sinceMs: number }
  | { readonly kind: 'help' }
  /** It was called in a way that it cannot be. */
  | { readonly kind: 'misuse'; readonly why: string }

export const USAGE = `Usage: npx cronos verify [--since 30d]

Computes the fire times of all jobs anew, and compares them with the runs and records that settled
them. Tells each gap, duplicate and unexpected run, each recurring job that has stalled, and each run
that breaks a rule.

  --since <duration>  how far back to look: 12h, 7d, 30d (30d unless told)
  --help              show this

Exit code: 0 all is well, 1 something was found, 2 called wrongly, 3 it could not be verified.`

const sinceDuration = duration({ minMs: 1_000, maxMs: 3_650 * 86_400_000 })

export function readOptions(args: readonly string[]): VerifyOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { since: { type: 'string', default: '30d' }, help: { type: 'boolean' } },
    })
    if (values.help) return { kind: 'help' }
    const sinceMs = sinceDuration.read(values.since)
    return sinceMs === undefined
      ? { kind: 'misuse', why: `--since must be ${sinceDuration.expects}, got ${values.since}` }
      : { kind: 'verify', sinceMs }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error // parseArgs refuses what it does not know
    return { kind: 'misuse', why: error.message }
  }
}
