import type { Instant } from '@cronos/domain'
import { type Logger, type StartedService, startLoop } from '@cronos/runtime'
import {
  type FinalStatus,
  isTransient,
  moveLedgerHorizon,
  type Pool,
  type Removed,
  removeFinishedRuns,
  removeSkipped,
} from '@cronos/store'
import type { RetentionConfig, SchedulerConfig } from './config.ts'

/** Rows of one transaction at most, so that it is over before anybody notices. */
const BATCH = 1_000
/** Between two batches; what is old can wait, and the claim must not. */
const BATCH_REST_MS = 100
/** Until the next look when nothing old is left. */
const IDLE_REST_MS = 600_000

/** One kind of thing that goes after a while. */
interface Kind {
  readonly name: FinalStatus | 'SKIPPED'
  readonly ageMs: number
}

export interface RetentionDeps {
  readonly db: Pool
  readonly log: Logger
}

/**
 * Removes what has been finished for long enough, in small batches. Any number of schedulers do it
 * at once: each takes what the others do not hold.
 */
export function startRetention(
  { db, log }: RetentionDeps,
  config: Pick<SchedulerConfig, 'baseBackoffMs' | 'maxSleepMs' | 'retention'>,
): StartedService {
  const kinds = kindsOf(config.retention)
  const horizonMs = Math.min(...kinds.map(kind => kind.ageMs))
  let pass = beginPass(kinds)

  return startLoop({
    name: 'scheduler retention',
    log,
    isTransient,
    baseRestMs: config.baseBackoffMs,
    maxRestMs: config.maxSleepMs,
    async turn() {
      const place = pass[0]
      if (place === undefined) {
        pass = beginPass(kinds)
        return IDLE_REST_MS
      }
      await moveLedgerHorizon(db, horizonMs)
      const removed = await removeBatch(db, place)
      const { kind } = place
      if (removed.count > 0)
        log.info(
          { kind: kind.name, count: removed.count, jobs: removed.jobs },
          'removed what was old',
        )
      if (removed.resumeAt === null) pass.shift()
      else pass[0] = { kind, from: removed.resumeAt }
      return removed.resumeAt === null ? 0 : BATCH_REST_MS
    },
  })
}

/** How far a pass has come with the kinds that are still to do. */
interface Place {
  readonly kind: Kind
  readonly from: Instant | null
}

function beginPass(kinds: readonly Kind[]): Place[] {
  return kinds.map(kind => ({ kind, from: null }))
}

function kindsOf(retention: RetentionConfig): Kind[] {
  return [
    { name: 'SUCCEEDED', ageMs: retention.succeededMs },
    { name: 'FAILED', ageMs: retention.failedMs },
    { name: 'CANCELLED', ageMs: retention.cancelledMs },
    { name: 'SKIPPED', ageMs: retention.skippedMs },
  ]
}

function removeBatch(db: Pool, { kind: { name, ageMs }, from }: Place): Promise<Removed> {
  const batch = { ageMs, from, limit: BATCH }
  return name === 'SKIPPED' ? removeSkipped(db, batch) : removeFinishedRuns(db, name, batch)
}
