import type { Bus } from '@cronos/bus'
import { afterAttempt, type Instant, type JobEvent, later, retryPolicyOf } from '@cronos/domain'
import type { Logger } from '@cronos/runtime'
import {
  type Claimed,
  type ClaimOptions,
  claimRuns,
  type Db,
  dropClaimed,
  type Ended,
  insertNextFires,
  markCatchUp,
  type Pool,
  pauseFailing,
  queueClaimed,
  readNextWake,
  readNow,
  recordSkipped,
  recoverLost,
  releaseRuns,
} from '@cronos/store'
import type { SchedulerConfig } from './config.ts'
import { type Fairness, holdsBack } from './fairness.ts'
import { type Judged, judgeClaimed } from './judge-claimed.ts'
import type { LowWater } from './low-water.ts'
import type { Sends } from './sends.ts'
import type { DispatchWindow } from './window.ts'

export interface TickDeps {
  readonly db: Pool
  readonly bus: Bus
  readonly log: Logger
  readonly window: DispatchWindow
  readonly fairness: Fairness
  readonly lowWater: LowWater
  readonly sends: Pick<Sends, 'begin'>
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
  const { db, window, fairness, lowWater } = deps
  const room = await window.room()
  const limit = Math.min(room, config.batchSize, window.batch)
  const { from } = lowWater
  let isWhole = limit === 0 || from === null
  let count = 0
  if (limit > 0) {
    if (fairness.restMs > 0) return Math.min(fairness.restMs, window.restMs)
    count = await claimAndPublish(deps, config, { limit, takeOver, from })
    if (count < limit && from !== null && lowWater.sweepInMs === 0) {
      isWhole = true
      count += await claimAndPublish(deps, config, { limit: limit - count, takeOver, from: null })
    }
    if (count === limit) return limit < room ? 0 : window.restMs
    // Somebody has got his share by this: whoever stands behind him comes at once.
    if (count > 0 && fairness.isCapping) return 0
  }
  await window.refresh()
  const next = await readNextWake(db, { takeOver, from: isWhole ? null : lowWater.mark })
  lowWater.tell(next.now)
  const longestMs = isWhole ? config.maxSleepMs : Math.min(config.maxSleepMs, lowWater.sweepInMs)
  if (next.inMs === null) return longestMs
  if (next.inMs > 0) return Math.min(next.inMs, longestMs)
  if (limit === 0 || fairness.isCapping) return window.restMs
  return count > 0 ? 0 : LOCKED_REST_MS // what became due during this turn waits for nothing
}

type ClaimLimits = Required<Pick<ClaimOptions, 'limit' | 'takeOver' | 'from'>>

/**
 * Publishes beside the turn what it claims.
 *
 * @returns how many runs were claimed, whatever became of them
 */
async function claimAndPublish(
  deps: TickDeps,
  config: SchedulerConfig,
  limits: ClaimLimits,
): Promise<number> {
  const answer = await claimFairly(deps, config, limits)
  deps.window.use(answer.due.length)
  if (answer.due.length > 0) await deps.sends.begin(() => publish(deps, config, answer))
  return answer.claimed.length
}

interface ClaimAnswer {
  readonly claimed: Claimed[]
  /** Those of them that are to be published. */
  readonly due: Claimed[]
  /** When the claim's transaction had begun, which was at its `now`, on the process's clock. */
  readonly begunMs: number
}

/** Claims what is due, but for each owner no more than his share. */
async function claimFairly(
  deps: TickDeps,
  config: SchedulerConfig,
  limits: ClaimLimits,
): Promise<ClaimAnswer> {
  const { db, fairness, lowWater } = deps
  const { limit, takeOver, from } = limits
  const shares = fairness.shares()
  const at = shares === null ? null : await readNow(db)
  const startedAt = performance.now()
  const answer = await claim(deps, config, { ...limits, shares })
  const tookMs = performance.now() - startedAt
  if (shares !== null && at !== null)
    fairness.claimed(answer.claimed, { shares, limit, at, tookMs })
  if (takeOver && !(shares !== null && holdsBack(shares, answer.claimed)))
    lowWater.claimed(answer.claimed, limit)
  if (from === null && answer.claimed.length < limit) lowWater.swept(tookMs)
  return answer
}

/** Claims and judges in one transaction: no fire is dispatched without the next one being stored. */
async function claim(
  { db, log, random, tzdata }: TickDeps,
  config: SchedulerConfig,
  options: Omit<ClaimOptions, 'dispatchLeaseMs' | 'misfireAfterMs'>,
): Promise<ClaimAnswer> {
  const { dispatchLeaseMs, misfireAfterMs } = config
  const judged = await db.transaction(async tx => {
    const begunMs = performance.now()
    const claimed = await claimRuns(tx, { ...options, dispatchLeaseMs, misfireAfterMs })
    const judged = judgeClaimed(claimed, misfireAfterMs)
    await carryOut(tx, judged, tzdata)
    const lost = judged.lost.map(run => judgeLost(run, config, random()))
    if (lost.length > 0) await recoverLost(tx, lost)
    return { ...judged, claimed, begunMs, failed: lost.filter(isFailed) }
  })
  // Locks definitions, which a claim must not wait for; should it be missed, the next failure does it.
  const failed = judged.failed.filter(run => run.mayPauseJob === true)
  if (failed.length > 0) await db.transaction(tx => pauseFailing(tx, failed))
  report(log, judged)
  return judged
}

/** Does what was judged: a statement for each kind of decision that there is, and none otherwise. */
async function carryOut(tx: Db, judged: Judged, tzdata: string): Promise<void> {
  await dropClaimed(tx, judged.dropped)
  await queueClaimed(tx, judged.queued)
  await markCatchUp(tx, judged.catchUps)
  await insertNextFires(tx, judged.fires, tzdata)
  await recordSkipped(tx, judged.skipped)
}

function report(log: Logger, { lost, ended }: Judged): void {
  for (const run of lost)
    log.warn({ jobId: run.jobId, attempt: run.attempt, executor: run.executor }, 'attempt was lost')
  for (const run of ended) log.info({ jobId: run.jobId }, 'recurring job never fires again')
}

/** What becomes of a run whose executor was not heard of until its lease ended. */
function judgeLost(run: Claimed, config: SchedulerConfig, random: number): Ended {
  const { attempt, maxAttempts, job } = run
  const retry =
    job === null
      ? { ...config.retry, maxAttempts }
      : retryPolicyOf({ ...job, maxAttempts }, config.retry)
  const reason = `executor ${run.executor} was not heard of before its lease ended`
  const next = run.isCancelled
    ? ({ status: 'CANCELLED' } as const)
    : afterAttempt(
        { attempt, retry, onLost: job?.onLost ?? 'retry' },
        { kind: 'lost', reason },
        random,
      )
  const error = { name: 'LeaseExpired', message: reason }
  const mayPauseJob = job !== null && job.pauseAfterFailures !== null
  return { ...run, next, error, output: null, failsJob: false, mayPauseJob }
}

function isFailed({ next }: Ended): boolean {
  return next.status === 'FAILED'
}

async function publish(
  { db, bus, log }: TickDeps,
  config: SchedulerConfig,
  { due, begunMs }: ClaimAnswer,
): Promise<void> {
  for (let first = 0; first < due.length; first += PUBLISH_CHUNK) {
    const chunk = due.slice(first, first + PUBLISH_CHUNK)
    // The database's clock, as far as it is known here: what has passed since is measured.
    const publishedAt = later(chunk[0]!.now, Math.floor(performance.now() - begunMs))
    try {
      await bus.publish(chunk.map(run => toEvent(run, publishedAt)))
    } catch (error) {
      const rest = due.slice(first)
      log.warn({ err: error, runs: rest.length }, 'bus did not take the events, releasing the runs')
      await releaseRuns(db, rest, config.baseBackoffMs)
      return
    }
  }
  log.debug({ runs: due.length }, 'dispatched')
}

function toEvent(
  { jobId, scheduledAt, attempt, fence, traceparent }: Claimed,
  publishedAt: Instant,
): JobEvent {
  const event = { jobId, scheduledAt, attempt: attempt + 1, fence, publishedAt }
  return traceparent === null ? event : { ...event, traceparent }
}
