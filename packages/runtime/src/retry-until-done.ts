import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

export interface RetryOptions {
  readonly log: Logger
  /** Whether an error passes by itself; any other is thrown on. */
  readonly isTransient: (error: unknown) => boolean
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

const FIRST_REST_MS = 100
const MAX_REST_MS = 2_000

/** While nothing changes, this is said again only after so long, in milliseconds. */
const SAY_AGAIN_MS = 30_000

/**
 * Does the work, and again while it fails with what passes: the rests between double up to two
 * seconds, so that a service goes on soon after what it waited for is there.
 *
 * @param what stands in the log line: `user-service is preparing`
 * @throws what does not pass, or the signal's reason
 */
export async function retryUntilDone(
  what: string,
  work: () => Promise<void>,
  { log, isTransient, signal }: RetryOptions,
): Promise<void> {
  let saidAt = Number.NEGATIVE_INFINITY
  for (let restMs = FIRST_REST_MS; ; restMs = Math.min(restMs * 2, MAX_REST_MS)) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!isTransient(error)) throw error
      if (performance.now() - saidAt > SAY_AGAIN_MS) {
        saidAt = performance.now()
        log.warn({ err: error }, `${what}, but what it needs is not there yet; trying again`)
      }
    }
    await sleep(restMs, undefined, { signal })
  }
}
