import { type Logger, type StartedService, startLoop } from '@cronos/runtime'
import { forgetKeys, isTransient, type Pool } from '@cronos/store'

const REST_MS = 600_000
const BATCH = 1_000

/**
 * Forgets idempotency keys that are older than a day, from when the service is ready on. Batches are
 * small, and each is a transaction of its own; several instances do not get in each other's way.
 */
export function sweepKeys(deps: {
  readonly db: Pool
  readonly log: Logger
  readonly ready: Promise<void>
}): StartedService {
  const { db, log, ready } = deps
  return startLoop({
    ...{ name: 'forget keys', log, isTransient, baseRestMs: 1_000, maxRestMs: 60_000 },
    async turn(signal) {
      if (!(await isReady(ready, signal))) return 0
      while (!signal.aborted && (await forgetKeys(db, BATCH)) === BATCH);
      return REST_MS
    },
  })
}

/** Whether the service became ready; false when it was stopped first, or cannot. */
async function isReady(ready: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const stopped = new Promise<boolean>(resolve => {
    if (signal.aborted) resolve(false)
    else signal.addEventListener('abort', () => resolve(false), { once: true })
  })
  const becameReady = ready.then(
    () => true,
    () => new Promise<never>(() => {}), // the service itself ends with what went wrong
  )
  return Promise.race([becameReady, stopped])
}
