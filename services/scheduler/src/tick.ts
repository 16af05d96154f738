import type { Bus } from '@cronos/bus'
import { afterAttempt, type JobEvent } from '@cronos/domain'
import type { Logger } from '@cronos/runtime'
import {
  type Claimed,
  type ClaimOptions,
  claimRuns,
  type Ended,
  insertNextFires,
  type Pool,
  readNextWake,
  readNow,
  recordSkipped,
  recoverLost,
  releaseRuns,
} from '@cronos/store'
import type { SchedulerConfig } from './config.ts'
import type { Fairness } from './fairness.ts'
import { type Planned, planNextFires } from './next-fires.ts'
import type { DispatchWindow } from './window.ts'

export interface TickDeps {
  readonly db: Pool
  readonly bus: Bus
  readonly log: Logger
  readonly window: DispatchWindow
  readonly fairness: Fairness
  readonly random: () => number
  /** The version of this process's time zone data. */
  readonly tzdata: string
}

/** What is due and was not claimed is locked by somebody for a moment. */
const LOCKED_REST_MS = 5

/** Events of one publish at most, so that the first of a burst does not wait for its last. */
const PUBLISH_CHUNK = 250

/**
 * One turn of a scheduler: claims what is due, publishes it, and answers how long it may rest, in
 * milliseconds.
 *
 * The claim is the outbox: if this process dies after it, or the bus does not take the events, the
 * dispatch lease ends and somebody claims the runs again.
 *
 * @param takeOver whether runs whose executor vanished are recovered in this turn
 */
export async function tick(
  deps: TickDeps,
  config: SchedulerConfig,
  takeOver: boolean,
): Promise<number> {
  const { db, window, fairness } = deps
  const room = await window.room()
  const limit = Math.min(room, config.batchSize)
  if (limit > 0) {
    if (fairness.restMs > 0) return Math.min(fairness.restMs, window.restMs)
    const claimed = await claimFairly(deps, config, limit, takeOver)
    const due = claimed.filter(run => run.was !== 'RUNNING')
    window.use(due.length)
    await publish(deps, config, due)
    if (claimed.length === limit) return limit < room ? 0 : window.restMs
    // Somebody has got his share by this: whoever stands behind him comes at once.
    if (claimed.length > 0 && fairness.isCapping) return 0
  }
  const nextMs = await readNextWake(db, { takeOver })
  if (nextMs === null) return config.maxSleepMs
  if (nextMs > 0) return Math.min(nextMs, config.maxSleepMs)
  return limit > 0 && !fairness.isCapping ? LOCKED_REST_MS : window.restMs
}

/** Claims what is due, but for each owner no more than his share. */
async function claimFairly(
  deps: TickDeps,
  config: SchedulerConfig,
  limit: number,
  takeOver: boolean,
): Promise<Claimed[]> {
  const { db, fairness } = deps
  const shares = fairness.shares()
  if (shares === null) return claim(deps, config, { limit, takeOver, shares })
  const at = await readNow(db)
  const startedAt = performance.now()
  const claimed = await claim(deps, config, { limit, takeOver, shares })
  fairness.claimed(claimed, { shares, limit, at, tookMs: performance.now() - startedAt })
  return claimed
}

/** Claims and plans in one transaction: no fire is dispatched without the next one being stored. */
async function claim(
  { db, log, random, tzdata }: TickDeps,
  config: SchedulerConfig,
  options: Omit<ClaimOptions, 'dispatchLeaseMs'>,
): Promise<Claimed[]> {
  const { claimed, planned, lost } = await db.transaction(async tx => {
    const claimed = await claimRuns(tx, { ...options, dispatchLeaseMs: config.dispatchLeaseMs })
    const planned = planNextFires(claimed)
    await insertNextFires(tx, planned.fires, tzdata)
    await recordSkipped(tx, planned.skipped)
    const lost = claimed.filter(run => run.was === 'RUNNING')
    if (lost.length > 0)
      await recoverLost(
        tx,
        lost.map(run => judgeLost(run, config, random())),
      )
    return { claimed, planned, lost }
  })
  report(log, planned, lost)
  return claimed
}

function report(log: Logger, planned: Planned, lost: readonly Claimed[]): void {
  for (const run of lost)
    log.warn({ jobId: run.jobId, attempt: run.attempt, executor: run.executor }, 'attempt was lost')
  for (const run of planned.ended) log.info({ jobId: run.jobId }, 'recurring job never fires again')
}

/** What becomes of a run whose executor was not heard of until its lease ended. */
function judgeLost(run: Claimed, config: SchedulerConfig, random: number): Ended {
  const retry = { ...config.retry, maxAttempts: run.maxAttempts }
  const reason = `executor ${run.executor} was not heard of before its lease ended`
  const next = afterAttempt({ attempt: run.attempt, retry }, { kind: 'lost', reason }, random)
  const error = { name: 'LeaseExpired', message: reason }
  return { ...run, next, error, output: null, failsJob: false }
}

async function publish(
  { db, bus, log }: TickDeps,
  config: SchedulerConfig,
  due: readonly Claimed[],
): Promise<void> {
  for (let first = 0; first < due.length; first += PUBLISH_CHUNK) {
    const chunk = due.slice(first, first + PUBLISH_CHUNK)
    try {
      await bus.publish(chunk.map(toEvent))
    } catch (error) {
      const rest = due.slice(first)
      log.warn({ err: error, runs: rest.length }, 'bus did not take the events, releasing the runs')
      await releaseRuns(db, rest, config.baseBackoffMs)
      return
    }
  }
  if (due.length > 0) log.debug({ runs: due.length }, 'dispatched')
}

function toEvent({ jobId, scheduledAt, attempt, fence }: Claimed): JobEvent {
  return { jobId, scheduledAt, attempt: attempt + 1, fence }
}
