import { DAY_MS, SECOND_MS } from './calendar.ts'

/** A stretch of time in which a zone's clock keeps one offset. */
export interface Segment {
  /** Its first instant, in epoch milliseconds. */
  readonly from: number
  /** The first instant after it, or less than that where nobody has asked further yet. */
  readonly until: number
  /** The wall clock less UTC, in milliseconds. */
  readonly offset: number
}

/** A time zone as the planner needs it: from instant to offset, with what was looked up kept. */
export interface Zone {
  readonly id: string
  /**
   * The segment in which an instant lies. Its ends are real changes of the clock, or at least
   * `KNOWN_AROUND_MS` away.
   */
  segmentAt(at: number): Segment
}

/** How far around an instant `segmentAt` looks for changes of the clock, at least. */
const KNOWN_AROUND_MS = 3 * DAY_MS

/** Before this the zones kept local mean time; the offset of then is used for all the time before. */
const EARLIEST = Date.UTC(1840, 0, 1)
/** No law reaches that far; the offset of then is used for all the time after. */
const LATEST = Date.UTC(2700, 0, 1)
/** The closest two changes of the clock in any zone, past or planned, are seven days apart. */
const SAMPLE_MS = 6 * DAY_MS
/** How much further than asked to look, so that the next question finds its answer. */
const AHEAD_MS = 400 * DAY_MS

/** Zones are few and their past never changes: each is made once. */
const zones = new Map<string, Zone>()

/**
 * A time zone by its IANA name, as the platform's tzdata has it.
 *
 * @param id such as `UTC` or `Europe/Berlin`; letter case does not matter
 * @returns null when the platform knows no such zone
 */
export function loadZone(id: string): Zone | null {
  const key = id.toLowerCase()
  const known = zones.get(key)
  if (known) return known
  const zone = key === 'utc' ? utc() : makeZone(id)
  if (zone) zones.set(key, zone)
  return zone
}

function utc(): Zone {
  const always = { from: -Infinity, until: Infinity, offset: 0 }
  return { id: 'UTC', segmentAt: () => always }
}

function makeZone(id: string): Zone | null {
  if (!/^[a-z]/i.test(id)) return null // `+01:00` is an offset, not a zone
  const clock = wallClock(id)
  return clock && { id: clock.id, segmentAt: segments(clock.offsetAt) }
}

/**
 * Finds the segments of a clock by looking at it every few days, as far as anyone has asked, and by
 * halving where the offset has changed.
 */
function segments(offsetAt: (at: number) => number): Zone['segmentAt'] {
  /** Without a hole between them, ascending; the outer ends are as far as is known. */
  let known: Segment[] = []
  let latest: Segment = { from: 0, until: 0, offset: 0 }
  let from = 0
  let until = 0

  return function segmentAt(at) {
    if (at >= latest.from && at < latest.until && at - KNOWN_AROUND_MS >= from) {
      if (at + KNOWN_AROUND_MS < until) return latest
    }
    learn(at)
    latest = known[indexOf(at)]!
    return latest
  }

  function learn(at: number): void {
    if (known.length === 0) {
      from = clamp(at)
      until = from
      known = [{ from, until, offset: offsetAt(from) }]
    }
    while (until < at + KNOWN_AROUND_MS) learnForward(clamp(at + AHEAD_MS))
    while (from > at - KNOWN_AROUND_MS) learnBackward(clamp(at - AHEAD_MS))
  }

  function learnForward(goal: number): void {
    const last = known.pop()!
    const found = [last]
    while (until < goal) {
      const next = Math.min(until + SAMPLE_MS, goal)
      const current = found.pop()!
      const offset = offsetAt(next)
      if (offset === current.offset) {
        found.push({ ...current, until: next })
      } else {
        const change = firstInstantOf(offset, until, next)
        found.push({ ...current, until: change }, { from: change, until: next, offset })
      }
      until = next
    }
    if (goal === LATEST) {
      until = Infinity
      found.push({ ...found.pop()!, until })
    }
    known.push(...found)
  }

  function learnBackward(goal: number): void {
    const found: Segment[] = []
    let current = known.shift()!
    while (from > goal) {
      const earlier = Math.max(from - SAMPLE_MS, goal)
      const offset = offsetAt(earlier)
      if (offset === current.offset) {
        current = { ...current, from: earlier }
      } else {
        const change = firstInstantOf(current.offset, earlier, from)
        found.unshift({ ...current, from: change })
        current = { from: earlier, until: change, offset }
      }
      from = earlier
    }
    if (goal === EARLIEST) {
      from = -Infinity
      current = { ...current, from }
    }
    known.unshift(current, ...found)
  }

  /** The offset is another one at `before`, and `offset` at `after`. */
  function firstInstantOf(offset: number, before: number, after: number): number {
    let low = Math.floor(before / SECOND_MS)
    let high = Math.ceil(after / SECOND_MS)
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (offsetAt(middle * SECOND_MS) === offset) high = middle
      else low = middle
    }
    return high * SECOND_MS
  }

  function indexOf(at: number): number {
    let low = 0
    let high = known.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (known[middle]!.from <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

function clamp(at: number): number {
  return Math.min(Math.max(Math.floor(at / SECOND_MS) * SECOND_MS, EARLIEST), LATEST)
}

/** What the platform knows of a zone: its name and its offset at an instant of a whole second. */
function wallClock(id: string): { id: string; offsetAt: (at: number) => number } | null {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: id,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
  const { timeZone } = format.resolvedOptions() // may be an older name of the same zone
  return {
    id: timeZone.toLowerCase() === id.toLowerCase() ? timeZone : id,
    offsetAt(at) {
      const text = format.format(at) // 11/23/2026, 20:44:07
      const wall = Date.UTC(
        Number(text.slice(6, 10)),
        Number(text.slice(0, 2)) - 1,
        Number(text.slice(3, 5)),
        Number(text.slice(12, 14)),
        Number(text.slice(15, 17)),
        Number(text.slice(18, 20)),
      )
      return wall - at
    },
  }
}
