import type { Instant } from '../instant.ts'
import { countFiresOf, nextFireOf, type Recurrence } from '../recurrence.ts'

/** What was expected of a job for some time: one version of its trigger. */
export interface TriggerVersion {
  readonly version: number
  /** While the job was paused, its fire times were expected all the same. */
  readonly isPaused: boolean
  /** When it came into force. The first version asks for what follows, a later one for this too. */
  readonly validFrom: Instant
  /** When the next version did, or when the job was ended, that included; null while in force. */
  readonly validTo: Instant | null
  readonly trigger:
    | { readonly kind: 'recurring'; readonly recurrence: Recurrence }
    | { readonly kind: 'once'; readonly runAt: Instant }
}

/** The fire times that a job's trigger asked for in some span of time, ascending. */
export interface ExpectedFires {
  /** The first one strictly after an instant; null when none is left. */
  next(after: number): Instant | null
  /** How many lie in [from, to). */
  count(from: number, to: number): number
}

/**
 * The fire times in [from, to) that the history of a job's trigger comes to, computed anew: each
 * belongs to the version that was in force at that instant. A one-time job is due when it is asked
 * for, at the earliest, so one whose time had passed by then counts at that instant.
 *
 * @param versions in their order
 */
export function expectedFires(
  versions: readonly TriggerVersion[],
  from: Instant,
  to: Instant,
): ExpectedFires {
  const once = onceOf(versions, from, to)
  const parts = partsOf(versions, from, to)
  return once.length > 0 ? listed(once) : computed(parts)
}

/** The version in force at an instant; null before the first and after the end of the last. */
export function versionAt(versions: readonly TriggerVersion[], at: Instant): TriggerVersion | null {
  return versions.find((_, index) => isWithin(boundsOf(versions, index), at)) ?? null
}

/** The version that a run was planned with: a job's version may grow without a new trigger. */
export function versionOf(
  versions: readonly TriggerVersion[],
  jobVersion: number,
): TriggerVersion | null {
  return versions.findLast(({ version }) => version <= jobVersion) ?? null
}

/** When the job was ended for good; null while it goes on. */
export function endOf(versions: readonly TriggerVersion[]): Instant | null {
  return versions.at(-1)?.validTo ?? null
}

function onceOf(versions: readonly TriggerVersion[], from: number, to: number): Instant[] {
  const due = new Set<Instant>()
  let earlier: Instant | null = null
  for (const [index, { trigger, validFrom }] of versions.entries()) {
    if (trigger.kind !== 'once') continue
    const { runAt } = trigger
    const bounds = boundsOf(versions, index)
    const isLate = runAt !== earlier && runAt <= validFrom
    const isInForce = isLate || isWithin(bounds, runAt)
    const at = isLate ? validFrom : runAt
    if (isInForce && at >= from && at < to) due.add(runAt)
    earlier = runAt
  }
  return [...due].sort((a, b) => a - b)
}

/** A stretch of time in which one recurrence was in force. */
interface Part extends Bounds {
  readonly recurrence: Recurrence
}

function partsOf(versions: readonly TriggerVersion[], from: number, to: number): Part[] {
  return versions.flatMap(({ trigger }, index) => {
    if (trigger.kind !== 'recurring') return []
    const bounds = boundsOf(versions, index)
    const part = { from: Math.max(from, bounds.from), to: Math.min(to, bounds.to) }
    return part.from < part.to ? [{ recurrence: trigger.recurrence, ...part }] : []
  })
}

interface Bounds {
  /** In [from, to). */
  readonly from: number
  readonly to: number
}

function boundsOf(versions: readonly TriggerVersion[], index: number): Bounds {
  const { validFrom, validTo } = versions[index]!
  const isLast = index === versions.length - 1
  return {
    from: index === 0 ? validFrom + 1 : validFrom,
    to: validTo === null ? Infinity : isLast ? validTo + 1 : validTo,
  }
}

function isWithin({ from, to }: Bounds, at: Instant): boolean {
  return at >= from && at < to
}

function computed(parts: readonly Part[]): ExpectedFires {
  let place = 0 // asked for in ascending order, mostly
  return {
    next(after) {
      if (place > 0 && parts[place - 1]!.to > after + 1) place = 0
      for (; place < parts.length; place++) {
        const { recurrence, from, to } = parts[place]!
        if (to <= after + 1) continue
        const fire = nextFireOf(recurrence, Math.max(after, from - 1) as Instant)
        if (fire !== null && fire < to) return fire
      }
      return null
    },
    count(from, to) {
      let count = 0
      for (const part of parts)
        if (part.from < to && part.to > from)
          count += countFiresOf(part.recurrence, Math.max(from, part.from), Math.min(to, part.to))
      return count
    },
  }
}

function listed(fires: readonly Instant[]): ExpectedFires {
  return {
    next: after => fires.find(fire => fire > after) ?? null,
    count: (from, to) => fires.filter(fire => fire >= from && fire < to).length,
  }
}
