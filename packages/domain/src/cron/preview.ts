import { type Instant, isWritable } from '../instant.ts'
import { SECOND_MS } from './calendar.ts'
import { shiftAfter, shiftBefore } from './clock-change.ts'
import { type Cron, type DstPolicy, springDst } from './cron.ts'
import { describeCron } from './describe.ts'
import { formatCron } from './format.ts'
import { firstOnClock, nextFire } from './next-fire.ts'
import { formatLocal, formatWall } from './wall-clock.ts'
import { type CronWarning, warningsOf } from './warnings.ts'
import type { Zone } from './zone.ts'

/** What an expression means, for a person to check before trusting it. */
export interface CronPreview {
  /** The expression as `formatCron` writes it. */
  readonly normalised: string
  /** In plain words, as `describeCron` says it. */
  readonly words: string
  /** The next fire times in order, and between them the times that the clock drops. */
  readonly fires: readonly PreviewedFire[]
  readonly warnings: readonly CronWarning[]
}

export interface PreviewedFire {
  /** Null for a time that is dropped. */
  readonly at: Instant | null
  /** The wall clock in the job's zone: `2026-03-29T03:30:00+02:00`; a dropped time has no offset. */
  readonly local: string
  /**
   * What a change of the clock does to it: *moved* out of a gap, *doubled* because its wall-clock
   * time comes twice and fires twice, *dropped* because the clock jumps over it.
   */
  readonly dst?: 'moved' | 'doubled' | 'dropped'
}

/**
 * The next fire times of a cron and what changes of the clock do to them, in words and figures.
 *
 * @param count how many fire times, from 1; at most so many dropped ones are shown beside them
 */
export function previewCron(
  cron: Cron,
  zone: Zone,
  after: Instant,
  count: number,
  dst: DstPolicy = springDst,
): CronPreview {
  const fires: PreviewedFire[] = []
  let last = after
  for (let shown = 0, dropped = 0; shown < count; shown++) {
    const at = nextFire(cron, zone, last, dst)
    if (at === null || !isWritable(at)) break
    if (dst.gap === 'skip')
      for (const local of droppedBetween(cron, zone, last, at)) {
        if (++dropped > count) break
        fires.push({ at: null, local, dst: 'dropped' })
      }
    fires.push(previewFire(cron, zone, at, dst))
    last = at
  }
  return {
    normalised: formatCron(cron),
    words: describeCron(cron),
    fires,
    warnings: warningsOf(cron, zone, after, dst),
  }
}

function previewFire(cron: Cron, zone: Zone, at: Instant, dst: DstPolicy): PreviewedFire {
  const segment = zone.segmentAt(at)
  const local = formatLocal(at, segment.offset)
  if (firstOnClock(cron, segment.offset, at) !== at) return { at, local, dst: 'moved' }
  const comesTwice =
    at < segment.from - shiftBefore(zone, segment) ||
    at >= segment.until + shiftAfter(zone, segment)
  return comesTwice && dst.overlap === 'both' ? { at, local, dst: 'doubled' } : { at, local }
}

/** The wall-clock times that match and that no clock shows, because a gap between skips them. */
function* droppedBetween(
  cron: Cron,
  zone: Zone,
  from: number,
  to: number,
): Generator<string, void> {
  for (let segment = zone.segmentAt(from); segment.until <= to; ) {
    const gapEnd = segment.until + shiftAfter(zone, segment)
    for (let at = segment.until; at < gapEnd; at += SECOND_MS) {
      at = firstOnClock(cron, segment.offset, at)
      if (at < gapEnd) yield formatWall(at + segment.offset)
    }
    segment = zone.segmentAt(segment.until)
  }
}
