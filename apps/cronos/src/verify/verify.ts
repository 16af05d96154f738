import { type Instant, isBalanced, type JobId, later, settlingPolicies } from '@cronos/domain'
import {
  balanceJobs,
  type JobLedger,
  type LedgerJob,
  type LedgerOptions,
  type Pool,
  pageLedgerJobs,
  type RuleBreak,
  readNow,
  readRuleBreaks,
} from '@cronos/store'

/** What was looked at, and what was found in all. */
export interface Verified {
  readonly since: Instant
  readonly jobs: number
  readonly expected: number
  readonly runs: number
  /** With those that went with their ended job. */
  readonly skipped: number
  readonly pending: number
  readonly missing: number
  readonly repeated: number
  readonly strays: number
  readonly stalled: number
  readonly broken: number
}

export interface Listener {
  /** A job whose ledger does not balance, or that has stalled. */
  job(ledger: JobLedger): void
  rule(broken: RuleBreak): void
  /** So many jobs have been looked at. */
  progress(jobs: number): void
}

export interface VerifyConfig {
  readonly sinceMs: number
  /** Of executions. */
  readonly leaseMs: number
  readonly tzdata: string
}

/** Jobs of one page: what is held at once. */
const PAGE_SIZE = 500
/** A claim of this moment may not have settled what it found yet. */
const GRACE_MS = 10_000
/** Runs that are told for each rule. */
const MAX_BREAKS = 100

/**
 * Verifies all jobs of all owners, page by page: each recurring job from a snapshot of its own, so
 * that none is held for long.
 */
export async function verifyAll(
  db: Pool,
  { sinceMs, leaseMs, tzdata }: VerifyConfig,
  listener: Listener,
): Promise<Verified> {
  const since = later(await readNow(db), -sinceMs)
  const totals = {
    expected: 0,
    runs: 0,
    skipped: 0,
    pending: 0,
    missing: 0,
    repeated: 0,
    strays: 0,
  }
  let jobs = 0
  let stalled = 0
  for await (const ledger of ledgersSince(db, since, { tzdata, graceMs: GRACE_MS })) {
    const { balance, isStalled } = ledger
    for (const key of ['expected', 'runs', 'pending', 'missing', 'repeated', 'strays'] as const)
      totals[key] += balance[key]
    totals.skipped += balance.withdrawn
    for (const policy of settlingPolicies) totals.skipped += balance.skipped[policy]
    jobs++
    if (isStalled) stalled++
    if (isStalled || !isBalanced(balance)) listener.job(ledger)
    listener.progress(jobs)
  }
  const broken = await readRuleBreaks(db, since, { leaseMs, limit: MAX_BREAKS })
  for (const each of broken) listener.rule(each)
  return { since, jobs, ...totals, stalled, broken: broken.length }
}

/** Whether nothing was found. */
export function isWell({ missing, repeated, strays, stalled, broken }: Verified): boolean {
  return missing + repeated + strays + stalled + broken === 0
}

async function* ledgersSince(
  db: Pool,
  since: Instant,
  options: LedgerOptions,
): AsyncGenerator<JobLedger> {
  for (let after: JobId | null = null; ; ) {
    const page: LedgerJob[] = await pageLedgerJobs(db, since, after, PAGE_SIZE)
    const once = page.filter(job => !job.isRecurring).map(job => job.jobId)
    const batches = page.filter(job => job.isRecurring).map(job => [job.jobId])
    if (once.length > 0) batches.push(once)
    for (const batch of batches) {
      const span = { from: since, to: later(await readNow(db), 1) }
      yield* (await balanceJobs(db, batch, span, options)).jobs
    }
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_SIZE) return
    after = last.jobId
  }
}
