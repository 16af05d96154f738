import {
  type Balance,
  type Instant,
  instant,
  type JobId,
  nextFireOf,
  openLedger,
} from '@cronos/domain'
import type { Pool } from '../db.ts'
import { sql } from '../sql.ts'
import { type JobHistory, readHistories } from './history.ts'
import { readHorizon } from './horizon.ts'
import { pageSettlements, readSettlements } from './settlements.ts'

/** The ledger of one job over the span that could be looked at. */
export interface JobLedger {
  readonly jobId: JobId
  readonly balance: Balance
  /**
   * It should fire again, and no run waits that would see to it: a recurring job must always have
   * the run of its next fire time.
   */
  readonly isStalled: boolean
}

export interface Ledgers {
  /** Fire times of [from, to) were looked at: what was asked for, after the horizon, and past. */
  readonly from: Instant
  readonly to: Instant
  /** Minus infinity while no history was ever deleted. */
  readonly horizon: Instant
  /** Of the jobs that there are. */
  readonly jobs: JobLedger[]
}

export interface LedgerOptions {
  /** The version of the time zone data of this process. */
  readonly tzdata: string
  /** Fire times younger than this may be unsettled, in milliseconds. */
  readonly graceMs: number
}

/**
 * Compares what was expected of these jobs with what became of it, all as of one instant. The
 * history of a job is read in pages: its length costs time, not memory.
 */
export async function balanceJobs(
  pool: Pool,
  jobs: readonly JobId[],
  span: { readonly from: Instant; readonly to: Instant },
  { tzdata, graceMs }: LedgerOptions,
): Promise<Ledgers> {
  return pool.transaction(async tx => {
    // One snapshot: what moves from one table to another meanwhile is seen in one of them.
    await tx.query(sql`set transaction isolation level repeatable read, read only`)
    const { rows } = await tx.query<{ now: Instant }>(sql`select now() as now`)
    const now = rows[0]!.now
    const horizon = await readHorizon(tx)
    const from = instant(Math.max(span.from, horizon))
    const to = instant(Math.max(from, Math.min(span.to, now + 1)))
    const histories = await readHistories(tx, jobs)
    const once = await readSettlements(
      tx,
      histories.filter(isOnce).map(job => job.jobId),
    )

    const ledgers: JobLedger[] = []
    for (const history of histories) {
      const pendingAfter = pendingAfterOf(history, now - graceMs)
      const ledger = openLedger({ versions: history.versions, from, to, pendingAfter, tzdata })
      const pages = isOnce(history)
        ? [once.get(history.jobId) ?? []]
        : pageSettlements(tx, history.jobId, from, to)
      for await (const page of pages) for (const settlement of page) ledger.add(settlement)
      const isStalled = isStalledAt(history, now)
      ledgers.push({ jobId: history.jobId, balance: ledger.balance(), isStalled })
    }
    return { from, to, horizon, jobs: ledgers }
  })
}

function isOnce({ versions }: JobHistory): boolean {
  return versions[0]!.trigger.kind === 'once'
}

function pendingAfterOf(history: JobHistory, graceFrom: number): Instant {
  const { versions, waitingAt, catchingUpAt } = history
  const last = versions.at(-1)!
  const pausedFrom = last.isPaused && last.validTo === null ? last.validFrom : Infinity
  return instant(Math.min(graceFrom, waitingAt ?? Infinity, catchingUpAt ?? Infinity, pausedFrom))
}

function isStalledAt({ versions, waitingAt, catchingUpAt }: JobHistory, now: Instant): boolean {
  const { trigger, isPaused, validTo } = versions.at(-1)!
  if (trigger.kind === 'once' || isPaused || validTo !== null) return false
  return waitingAt === null && catchingUpAt === null && nextFireOf(trigger.recurrence, now) !== null
}
