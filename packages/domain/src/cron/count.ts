import { DAY_SECONDS, SECOND_MS } from './calendar.ts'
import { shiftAfter, shiftBefore } from './clock-change.ts'
import { type Cron, type DstPolicy, springDst } from './cron.ts'
import { firstOnClock } from './next-fire.ts'
import { nextDay } from './timetable.ts'
import type { Segment, Zone } from './zone.ts'

/**
 * How many times a cron fires in [from, to), in epoch milliseconds. It multiplies instead of
 * listing: a year of seconds costs no more than a year of days.
 */
export function countFires(
  cron: Cron,
  zone: Zone,
  from: number,
  to: number,
  dst: DstPolicy = springDst,
): number {
  const last = nextSecond(to)
  let count = 0
  for (let at = nextSecond(from); at < last; ) {
    const end = Math.min(zone.segmentAt(at).until, last)
    const segment = zone.segmentAt(Math.max(at, end - 1)) // knows the change that may be near
    count += countOnClock(cron, segment.offset, at, end)
    if (dst.overlap === 'first') {
      const again = segment.from - shiftBefore(zone, segment)
      count -= countOnClock(cron, segment.offset, at, Math.min(again, end))
    }
    if (dst.overlap === 'second') {
      const again = segment.until + shiftAfter(zone, segment)
      count -= countOnClock(cron, segment.offset, Math.max(at, again), end)
    }
    if (dst.gap === 'shift') count += countShifted(cron, zone, segment, at, end)
    at = end
  }
  return count
}

/** Fires that a gap at the segment's beginning has shifted to where none is by itself. */
function countShifted(cron: Cron, zone: Zone, segment: Segment, from: number, to: number): number {
  const gap = shiftBefore(zone, segment)
  const end = Math.min(segment.from + gap, to)
  let count = 0
  for (let at = from; at < end; at += SECOND_MS) {
    at = firstOnClock(cron, segment.offset - gap, at)
    if (at < end && firstOnClock(cron, segment.offset, at) !== at) count++
  }
  return count
}

/** Fires only at whole seconds: the first one from an instant on. */
function nextSecond(at: number): number {
  return Math.ceil(at / SECOND_MS) * SECOND_MS
}

/** Fires of [from, to) by a clock that keeps one offset; both whole seconds. */
function countOnClock(cron: Cron, offset: number, from: number, to: number): number {
  if (from >= to) return 0
  const first = (from + offset) / SECOND_MS
  const end = (to + offset) / SECOND_MS
  const firstDay = Math.floor(first / DAY_SECONDS)
  const lastDay = Math.floor(end / DAY_SECONDS)
  const aDay = cron.hours.length * cron.minutes.length * cron.seconds.length
  let count = 0
  for (let day = nextDay(cron.timetable, firstDay); day !== null && day <= lastDay; ) {
    if (day < lastDay) count += aDay
    else count += countBefore(cron, end - day * DAY_SECONDS)
    if (day === firstDay) count -= countBefore(cron, first - day * DAY_SECONDS)
    day = nextDay(cron.timetable, day + 1)
  }
  return count
}

/** Fires of a matching day before a time of it, in seconds from midnight. */
function countBefore({ hours, minutes, seconds }: Cron, time: number): number {
  const hour = Math.floor(time / 3_600)
  const minute = Math.floor(time / 60) % 60
  let count = rank(hours, hour) * minutes.length * seconds.length
  if (!hours.includes(hour)) return count
  count += rank(minutes, minute) * seconds.length
  return minutes.includes(minute) ? count + rank(seconds, time % 60) : count
}

/** How many of the ascending values are below this one. */
function rank(values: readonly number[], value: number): number {
  let below = 0
  while (below < values.length && values[below]! < value) below++
  return below
}
