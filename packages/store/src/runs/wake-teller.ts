import type { Pool } from '../db.ts'
import { tellWake } from './wake.ts'

/** Tells the schedulers of runs that become due, for one process. */
export interface WakeTeller extends AsyncDisposable {
  /** A run that is committed is due in so many milliseconds; 0 or less is now. */
  tell(inMs: number): void
}

export interface WakeTellerOptions {
  /** A scheduler looks by itself at least so often, in milliseconds: later runs need no telling. */
  readonly horizonMs: number
  /** Is given what went wrong; the run will be found when the schedulers look by themselves. */
  readonly onError: (error: unknown) => void
}

/** No more than one notification in this many milliseconds. */
const PAUSE_MS = 5

/**
 * Coalesces what is told: a flood of inserts is not a flood of notifications. A run that is due later
 * than one that was told and has not come up yet is not told at all, since the schedulers look for the
 * next one when they wake.
 *
 * @param pool with a connection that nothing else keeps busy
 */
export function openWakeTeller(pool: Pool, options: WakeTellerOptions): WakeTeller {
  let toldAt = Number.NEGATIVE_INFINITY
  let earliest = Number.POSITIVE_INFINITY
  let going: Promise<void> | null = null

  return {
    tell(inMs) {
      if (inMs > options.horizonMs) return
      const now = performance.now()
      const at = now + Math.max(0, inMs)
      if (toldAt > now && toldAt <= at) return
      earliest = Math.min(earliest, at)
      going ??= send()
    },
    async [Symbol.asyncDispose]() {
      await going
    },
  }

  async function send(): Promise<void> {
    while (earliest !== Number.POSITIVE_INFINITY) {
      const at = earliest
      earliest = Number.POSITIVE_INFINITY
      try {
        await tellWake(pool, Math.max(0, at - performance.now()))
        toldAt = at
      } catch (error) {
        options.onError(error)
      }
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
    going = null
  }
}
