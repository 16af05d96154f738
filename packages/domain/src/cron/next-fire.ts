import type { Instant } from '../instant.ts'
import { CYCLE_DAYS, DAY_MS, SECOND_MS } from './calendar.ts'
import { LONGEST_SHIFT_MS, shiftAfter, shiftBefore } from './clock-change.ts'
import { type Cron, type DstPolicy, springDst } from './cron.ts'
import { nextWallTime } from './timetable.ts'
import type { Segment, Zone } from './zone.ts'

/** How far the search looks: 400 years, in which every date and weekday comes. */
const HORIZON_MS = CYCLE_DAYS * DAY_MS
/** The last instant a date can hold. */
const LAST_INSTANT = 8.64e15
/**
 * The next fire time of a cron expression in a zone, strictly after an instant: a whole second.
 *
 * @returns null when there is none in the 400 years that follow, which is to say never
 */
export function nextFire(
  cron: Cron,
  zone: Zone,
  after: Instant,
  dst: DstPolicy = springDst,
): Instant | null {
  const from = (Math.floor(after / SECOND_MS) + 1) * SECOND_MS
  const until = Math.min(from + HORIZON_MS, LAST_INSTANT)
  const at = firstMatch(cron, zone, from, until, dst)
  return at < until ? (at as Instant) : null
}

/**
 * All fire times of a window, ascending.
 *
 * @param from the first instant of the window
 * @param to the first instant after it
 */
export function* fireTimes(
  cron: Cron,
  zone: Zone,
  from: Instant,
  to: Instant,
  dst: DstPolicy = springDst,
): Generator<Instant, void> {
  let at = nextFire(cron, zone, (from - 1) as Instant, dst)
  while (at !== null && at < to) {
    yield at
    at = nextFire(cron, zone, at, dst)
  }
}

/**
 * The first whole second from `from` on at which the cron fires, or `Infinity`; past `until` nobody
 * asks. Each segment of one offset is searched on its own wall clock, and long stretches in which
 * the wall clock shows nothing that matches are jumped over.
 */
function firstMatch(
  cron: Cron,
  zone: Zone,
  from: number,
  until: number,
  { gap, overlap }: DstPolicy,
): number {
  let start = from
  while (start < until) {
    const segment = zone.segmentAt(start)
    const at = firstOnClock(cron, segment.offset, start)
    if (gap === 'shift') {
      const shifted = firstShifted(cron, zone, segment, start)
      if (shifted < Math.min(at, segment.until)) return shifted
    }
    if (at < segment.until) {
      const resume = overlap === 'both' ? at : endOfLeftOut(zone, segment, at, overlap)
      if (resume === at) return at
      start = resume
    } else {
      // Until `at` the wall clock shows no match, however it is changed on the way, but for a change
      // that sets it back to before `start`: that one is near.
      const far = segment.until - start > LONGEST_SHIFT_MS
      start = far ? Math.max(segment.until, at - 2 * LONGEST_SHIFT_MS) : segment.until
    }
  }
  return Infinity
}

/** The first match from `from` on of a clock that keeps one offset for ever; or `Infinity`. */
export function firstOnClock(cron: Cron, offset: number, from: number): number {
  const wall = nextWallTime(cron.timetable, (from + offset) / SECOND_MS)
  return wall === null ? Infinity : wall * SECOND_MS - offset
}

/**
 * The first fire that the gap at the segment's beginning has shifted: there the clock of before the
 * gap counts too, for as long as the gap is.
 */
function firstShifted(cron: Cron, zone: Zone, segment: Segment, from: number): number {
  if (from - segment.from >= LONGEST_SHIFT_MS) return Infinity
  const gap = shiftBefore(zone, segment)
  const gapEnd = segment.from + gap
  if (from >= gapEnd) return Infinity
  const at = firstOnClock(cron, segment.offset - gap, from)
  return at < gapEnd ? at : Infinity
}

/** Where the part of an overlap that does not count and that `at` lies in ends; `at` if in none. */
function endOfLeftOut(
  zone: Zone,
  segment: Segment,
  at: number,
  counts: 'first' | 'second',
): number {
  if (counts === 'first') {
    if (at - segment.from >= LONGEST_SHIFT_MS) return at
    return Math.max(at, segment.from - shiftBefore(zone, segment))
  }
  if (segment.until - at > LONGEST_SHIFT_MS) return at
  return at >= segment.until + shiftAfter(zone, segment) ? segment.until : at
}
