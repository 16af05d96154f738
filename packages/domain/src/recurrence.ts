import { countFires } from './cron/count.ts'
import type { Cron, DstPolicy } from './cron/cron.ts'
import { nextFire } from './cron/next-fire.ts'
import { parseCron } from './cron/parse.ts'
import { loadZone, type Zone } from './cron/zone.ts'
import { type Instant, instant, isWritable } from './instant.ts'

/** What the fire times of a recurring job are computed from. */
export type Recurrence = (
  | { readonly kind: 'cron'; readonly cron: Cron; readonly zone: Zone; readonly dst: DstPolicy }
  /** Fires at the anchor and each `everyMs` after it. */
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchorAt: Instant }
) &
  FireWindow

/** When a recurring job fires at all. */
export interface FireWindow {
  /** The first instant at which it may fire; null for no bound. */
  readonly startAt: Instant | null
  /** The first instant at which it no longer fires; null for no bound. */
  readonly endAt: Instant | null
}

/** A recurrence as it is stored: by cron where `cronExpression` is not null, else by interval. */
export interface StoredRecurrence extends FireWindow {
  readonly cronExpression: string | null
  readonly timeZone: string
  readonly dstGap: DstPolicy['gap']
  readonly dstOverlap: DstPolicy['overlap']
  readonly everyMs: number | null
  readonly anchorAt: Instant | null
}

/** @throws {Error} when what is stored cannot be read here, which no request can bring about */
export function recurrenceOf(stored: StoredRecurrence): Recurrence {
  const { cronExpression, everyMs, anchorAt, startAt, endAt } = stored
  if (cronExpression === null) {
    if (everyMs === null || anchorAt === null)
      throw new Error('a stored recurrence has neither a cron expression nor an interval')
    return { kind: 'every', everyMs, anchorAt, startAt, endAt }
  }
  const cron = storedCron(cronExpression)
  const zone = loadZone(stored.timeZone)
  if (zone === null) throw new Error(`a stored time zone is not known here: ${stored.timeZone}`)
  const dst = { gap: stored.dstGap, overlap: stored.dstOverlap }
  return { kind: 'cron', cron, zone, dst, startAt, endAt }
}

/** Parsing takes ten times as long as finding the next fire: what was parsed of late is kept. */
const parsed = new Map<string, Cron>()
/** Some 2 kB each. */
const MOST_PARSED = 4_096

function storedCron(expression: string): Cron {
  const known = parsed.get(expression)
  if (known !== undefined) return known
  const read = parseCron(expression)
  if (!read.ok) throw new Error(`a stored cron expression does not parse: ${expression}`)
  if (parsed.size >= MOST_PARSED) parsed.clear()
  parsed.set(expression, read.cron)
  return read.cron
}

/**
 * The next fire time strictly after an instant; null when there is none, or only one after the year
 * 9999, which ISO-8601 and the database do not write alike.
 */
export function nextFireOf(recurrence: Recurrence, after: Instant): Instant | null {
  const { startAt, endAt } = recurrence
  const from = startAt === null ? after : instant(Math.max(after, startAt - 1))
  const at = unboundedNext(recurrence, from)
  return at === null || !isWritable(at) || (endAt !== null && at >= endAt) ? null : at
}

/** The last fire time strictly before an instant; null when there is none in the 400 years before. */
export function previousFireOf(recurrence: Recurrence, before: Instant): Instant | null {
  const { startAt, endAt } = recurrence
  const end = endAt === null ? before : Math.min(before, endAt)
  const earliest = Math.max(startAt ?? -Infinity, end - LONGEST_LOOK_BACK_MS)
  const fireFrom = (at: number) => {
    const fire = nextFireOf(recurrence, instant(at - 1))
    return fire !== null && fire < end ? fire : null
  }
  // Steps back doubling until a fire lies ahead, then halves the stretch that must hold the last.
  let empty = end
  let found: number | null = null
  for (let step = 1_000; found === null; step *= 2) {
    const from = Math.max(earliest, end - step)
    if (fireFrom(from) !== null) found = from
    else if (from === earliest) return null
    else empty = from
  }
  while (empty - found > 1) {
    const middle = Math.floor((found + empty) / 2)
    if (fireFrom(middle) === null) empty = middle
    else found = middle
  }
  return fireFrom(found)
}

/** In 400 years every date and weekday comes. */
const LONGEST_LOOK_BACK_MS = 146_097 * 86_400_000

/** All fire times of [from, to), ascending. */
export function* fireTimesOf(
  recurrence: Recurrence,
  from: Instant,
  to: Instant,
): Generator<Instant, void> {
  let at = nextFireOf(recurrence, instant(from - 1))
  while (at !== null && at < to) {
    yield at
    at = nextFireOf(recurrence, at)
  }
}

/** How many fire times lie in [from, to), without listing them. */
export function countFiresOf(recurrence: Recurrence, from: number, to: number): number {
  const first = Math.max(from, recurrence.startAt ?? from)
  const end = Math.min(to, recurrence.endAt ?? to)
  if (first >= end) return 0
  if (recurrence.kind === 'every') {
    const { everyMs, anchorAt } = recurrence
    const before = (at: number) => Math.max(0, Math.ceil((at - anchorAt) / everyMs))
    return before(end) - before(first)
  }
  return countFires(recurrence.cron, recurrence.zone, first, end, recurrence.dst)
}

/**
 * The nth fire time of [from, to], from 1, by halving the span: counting one is cheap.
 *
 * @throws {RangeError} when the span holds fewer
 */
export function nthFireOf(recurrence: Recurrence, from: number, to: number, n: number): Instant {
  if (countFiresOf(recurrence, from, to + 1) < n)
    throw new RangeError(`there are fewer than ${n} fire times`)
  let low = from
  let high = to
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (countFiresOf(recurrence, from, middle + 1) >= n) high = middle
    else low = middle + 1
  }
  return instant(low)
}

function unboundedNext(recurrence: Recurrence, after: Instant): Instant | null {
  if (recurrence.kind === 'cron')
    return nextFire(recurrence.cron, recurrence.zone, after, recurrence.dst)
  const { everyMs, anchorAt } = recurrence
  const steps = Math.max(0, Math.floor((after - anchorAt) / everyMs) + 1)
  const at = anchorAt + steps * everyMs
  return isWritable(at) ? instant(at) : null
}

/**
 * By how much all fires of a job are moved, so that jobs of one fire time do not start at once: the
 * same at every fire, from 0 to below `spreadMs`, told from the job's id alone.
 *
 * @param key the job's id
 * @param spreadMs whole milliseconds from 0
 * @returns whole milliseconds
 */
export function spreadOffsetMs(key: string, spreadMs: number): number {
  if (spreadMs === 0) return 0
  return fnv1a(key) % spreadMs
}

/** @see https://www.rfc-editor.org/rfc/rfc9923 FNV-1a with 32 bits */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
