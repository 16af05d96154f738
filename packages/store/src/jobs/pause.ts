import type { Instant } from '@cronos/domain'
import { prepared } from '../sql.ts'
import { type Control, isUnfinished } from './control.ts'
import { textOf } from './lock.ts'
import { recordTriggers, uuidsOf } from './versions.ts'

export interface Paused {
  readonly pausedAt: Instant
  readonly note: string | null
  readonly version: number
}

/**
 * Pauses jobs: what waits is held, what was on its way to an executor comes back, and what runs
 * goes on. From the answer on nothing starts but what is triggered by hand. A job that is paused
 * already stays as it is.
 */
export function pausing(note: string | null): Control<Paused> {
  return {
    allows: isUnfinished,
    async change(tx, locked, owner) {
      const { at, jobs } = locked
      const going = { at, jobs: jobs.filter(job => job.state !== 'PAUSED') }
      if (going.jobs.length > 0) {
        await tx.query(prepared('pause-jobs')`
          update job_definitions
             set state = 'PAUSED', paused_at = ${textOf(locked)}, pause_note = ${note}::text,
                 version = version + 1, updated_at = ${textOf(locked)}
           where job_id = any(${uuidsOf(going)}::uuid[])`)
        await recordTriggers(tx, going, owner, { isPause: true })
        // Served by the primary key; what an executor was told of has the old fence and starts nothing.
        await tx.query(prepared('hold-runs')`
          update runs_live
             set status = 'PENDING', hold = 'PAUSED', wake_at = null,
                 fence = fence + (status = 'DISPATCHED')::int
           where job_id = any(${uuidsOf(going)}::uuid[])
             and status in ('PENDING', 'DISPATCHED') and hold is null`)
      }
      return jobs.map(job =>
        job.state === 'PAUSED'
          ? { pausedAt: job.pausedAt!, note: job.pauseNote, version: job.version }
          : { pausedAt: at, note, version: job.version + 1 },
      )
    },
  }
}
