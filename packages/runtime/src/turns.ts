import { setImmediate as nextTurn } from 'node:timers/promises'

/** A request that takes longer than this at a stretch would be felt by the others, in milliseconds. */
const SLICE_MS = 8

/**
 * For long computations on the event loop: await what this answers now and then, and whatever else
 * waits gets its turn when enough time has passed since it last had one.
 */
export function takeTurns(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined
    return nextTurn().then(() => {
      since = performance.now()
    })
  }
}
