import { DAY_MS, SECOND_MS } from './calendar.ts'
import type { Segment, Zone } from './zone.ts'

/** No clock was ever set forward or back by more, and none is further from UTC. */
export const LONGEST_SHIFT_MS = DAY_MS

/**
 * By how much the clock was set at the segment's beginning, in milliseconds: forward (a gap in the
 * wall clock) above 0, back (an overlap) below.
 */
export function shiftBefore(zone: Zone, segment: Segment): number {
  if (segment.from === -Infinity) return 0
  return segment.offset - zone.segmentAt(segment.from - SECOND_MS).offset
}

/** By how much the clock is set at the segment's end, in milliseconds. */
export function shiftAfter(zone: Zone, segment: Segment): number {
  if (segment.until === Infinity) return 0
  return zone.segmentAt(segment.until).offset - segment.offset
}
