import { fairReserve, fairShare, type Instant, later } from '@cronos/domain'
import type { Capacity, Claimed, Shares } from '@cronos/store'

/** Seconds of an owner's finished work that he may have on its way beside his share of the slots. */
const SECONDS_AHEAD = 0.3
/** A run is seen at most so long after the instant that it is due at by its row, in milliseconds. */
const LATE_MS = 2_000
/** How long it is remembered up to where all is of owners who have their share, in milliseconds. */
const MEMORY_MS = 1_000
/** It is looked behind whoever may stand in the way of others so often, in milliseconds. */
const PROBE_MS = 250
/** Whoever has more than this part of a full claim may stand in the way. */
const CROWD = 0.25
/** How long it is remembered who does, in milliseconds. */
const CROWD_MS = 5_000
/** The part of its time that a scheduler spends on looking behind a backlog at most. */
const EFFORT = 0.1

/** Keeps the backlog of one owner from holding up the others. */
export interface Fairness {
  /**
   * Learns who has how much under way.
   *
   * @param total how much there can be of all owners together
   * @param elapsedMs since the last count
   */
  observe(capacity: Capacity, total: number, elapsedMs: number): void
  /** What the next claim may take; null where all are alike. */
  shares(): Shares | null
  /** Learns what came of a claim. */
  claimed(runs: readonly Claimed[], claim: FairClaim): void
  /** Whether somebody has his share, so that others come before the rest of his backlog. */
  readonly isCapping: boolean
  /** Until it is worth looking behind those who have their share again, in milliseconds. */
  readonly restMs: number
}

export interface FairClaim {
  readonly shares: Shares
  readonly limit: number
  readonly tookMs: number
  /** The database's clock, before the claim. */
  readonly at: Instant
}

/** Up to where everything belongs to owners who had their share. */
interface Reach {
  readonly at: Instant
  readonly owners: ReadonlySet<string>
  /** On the process's clock. */
  readonly until: number
}

/**
 * Whether a claim may have left runs of somebody behind who has had his share by it.
 *
 * @param runs what was claimed
 */
export function holdsBack({ each, left }: Shares, runs: readonly Claimed[]): boolean {
  for (const most of left.values()) if (most <= 0) return true
  const taken = new Map<string, number>()
  for (const { owner, was } of runs) {
    if (was !== 'PENDING') continue
    const count = (taken.get(owner) ?? 0) + 1
    if (count >= (left.get(owner) ?? each)) return true
    taken.set(owner, count)
  }
  return false
}

/**
 * @param clock milliseconds of a clock that never goes back
 * @param limit runs that an owner may have under way, however much is free; `Infinity` for any
 * @param severalOwners whether anybody else could be held up
 */
export function openFairness(
  clock: () => number,
  limit: number,
  severalOwners: () => boolean,
): Fairness {
  /** Null while nobody can be in another's way. */
  let share: { readonly ofSlots: number; readonly ofWindow: number } | null = null
  let inFlight = new Map<string, number>()
  let perSecond = new Map<string, number>()
  let reach: Reach | null = null
  let nextLookAt = Number.NEGATIVE_INFINITY
  /**
   * Behind whom others may wait, though he has not got his share: a claim sees the first of the queue
   * only, and what it took of them was all that he may get, or it was full. He gets a little more each
   * time that something of his has ended, and who has little would wait for the end of his backlog.
   */
  const crowd = new Map<string, number>() // until when it is remembered
  let nextProbeAt = Number.NEGATIVE_INFINITY

  const served = () => [...inFlight].filter(([owner]) => left(owner) <= 0).map(([owner]) => owner)

  return {
    observe(capacity, total, elapsedMs) {
      const counted = new Map(Object.entries(capacity.inFlight))
      perSecond = measure(inFlight, counted, perSecond, elapsedMs)
      inFlight = counted
      const { slots } = capacity
      share = null
      if (severalOwners())
        share = {
          ofSlots: fairShare({ ...withReserve(slots, slots), inFlight, limit }),
          ofWindow: fairShare({ ...withReserve(total, slots), inFlight, limit }),
        }
      else if (Number.isFinite(limit)) share = { ofSlots: limit, ofWindow: limit }
    },
    shares() {
      if (share === null) return null
      const leftOf = new Map([...inFlight.keys()].map(owner => [owner, left(owner)]))
      if (clock() >= nextProbeAt) for (const owner of crowding()) leftOf.set(owner, 0)
      return { each: share.ofSlots, left: leftOf, from: knownReach(passedOverIn(leftOf)) }
    },
    claimed(runs, { shares, limit: asked, tookMs, at }) {
      for (const { owner, was } of runs)
        if (was === 'PENDING') inFlight.set(owner, (inFlight.get(owner) ?? 0) + 1)
      const passedOver = passedOverIn(shares.left)
      const known = crowding()
      const found = crowdOf(runs, shares, asked)
      if (known.length > 0 && known.every(owner => passedOver.includes(owner))) {
        // Behind one crowd there may be another, and somebody with little behind that.
        const isDeeper = found.some(owner => !known.includes(owner))
        nextProbeAt = clock() + Math.max(isDeeper ? 0 : PROBE_MS, tookMs * (1 / EFFORT - 1))
      }
      for (const owner of found) crowd.set(owner, clock() + CROWD_MS)
      if (passedOver.length === 0) return
      nextLookAt = clock() + tookMs * (1 / EFFORT - 1)
      if (runs.length >= asked) return
      const wasWhole = shares.from === null || reach === null
      reach = {
        at: later(at, -LATE_MS),
        owners: new Set(passedOver),
        until: wasWhole ? clock() + Math.max(MEMORY_MS, tookMs / EFFORT) : reach!.until,
      }
    },
    get isCapping() {
      return share !== null && served().length > 0
    },
    get restMs() {
      return served().length > 0 ? Math.max(0, nextLookAt - clock()) : 0
    },
  }

  function crowding(): string[] {
    for (const [owner, until] of crowd) if (until <= clock()) crowd.delete(owner)
    return [...crowd.keys()]
  }

  /** What an owner may still get: his share of the slots, and of the window as fast as he is. */
  function left(owner: string): number {
    if (share === null) return Number.POSITIVE_INFINITY
    const ahead = Math.ceil((perSecond.get(owner) ?? 0) * SECONDS_AHEAD)
    const most = Math.min(share.ofSlots + ahead, Math.max(share.ofWindow, share.ofSlots), limit)
    return most - (inFlight.get(owner) ?? 0)
  }

  /** What was passed over is not looked at again while all of its owners still have their share. */
  function knownReach(owners: readonly string[]): Instant | null {
    if (reach === null || clock() >= reach.until) return null
    const now = new Set(owners)
    return [...reach.owners].every(owner => now.has(owner)) ? reach.at : null
  }
}

function passedOverIn(left: ReadonlyMap<string, number>): string[] {
  return [...left].filter(([, runs]) => runs <= 0).map(([owner]) => owner)
}

function crowdOf(runs: readonly Claimed[], { left, each }: Shares, asked: number): string[] {
  const counts = new Map<string, number>()
  for (const { owner } of runs) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const most = runs.length >= asked ? asked * CROWD : Number.POSITIVE_INFINITY
  return [...counts]
    .filter(([owner, count]) => count > most || count >= (left.get(owner) ?? each))
    .map(([owner]) => owner)
}

function withReserve(total: number, slots: number) {
  return { total, reserve: fairReserve(total, slots) }
}

/** How much of each owner's work was done a second, smoothed. */
function measure(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
  perSecond: ReadonlyMap<string, number>,
  elapsedMs: number,
): Map<string, number> {
  const measured = new Map<string, number>()
  for (const owner of new Set([...before.keys(), ...perSecond.keys()])) {
    const done = Math.max(0, (before.get(owner) ?? 0) - (now.get(owner) ?? 0))
    const rate = ((perSecond.get(owner) ?? 0) + (done * 1_000) / Math.max(elapsedMs, 1)) / 2
    if (rate >= 1) measured.set(owner, rate)
  }
  return measured
}
