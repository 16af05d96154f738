import type { Bus } from '@cronos/bus'
import { type Logger, type StartedService, startLoop } from '@cronos/runtime'
import { isTransient, markDeadLetters, type Pool, readDeadLetters } from '@cronos/store'
import type { SchedulerConfig } from './config.ts'

export interface DeadLettersDeps {
  readonly db: Pool
  readonly bus: Bus
  readonly log: Logger
}

/** Letters of one publish at most. */
const BATCH = 500
/** Nobody waits for a dead letter: while there are none, looking for them costs next to nothing. */
const SHORTEST_REST_MS = 1_000
const LONGEST_REST_MS = 15_000

/** The bus did not take the letters; it is asked again. */
class NotTold extends Error {
  override readonly name = 'NotTold'
}

/**
 * Tells the bus of each run that failed for good. The row of the run is the outbox: it is marked
 * once the bus has taken the letter, so a scheduler that dies in between, or two that look at the
 * same time, tell it twice, and none forgets it.
 */
export function startDeadLetters(
  { db, bus, log }: DeadLettersDeps,
  config: Pick<SchedulerConfig, 'baseBackoffMs' | 'maxSleepMs'>,
): StartedService {
  let restMs = SHORTEST_REST_MS
  return startLoop({
    name: 'scheduler dead letters',
    log,
    isTransient: error => error instanceof NotTold || isTransient(error),
    baseRestMs: config.baseBackoffMs,
    maxRestMs: config.maxSleepMs,
    async turn() {
      const letters = await readDeadLetters(db, BATCH)
      if (letters.length === 0) {
        restMs = Math.min(restMs * 2, LONGEST_REST_MS)
        return restMs
      }
      try {
        await bus.publishDeadLetters(letters)
      } catch (error) {
        throw new NotTold('the bus did not take the dead letters', { cause: error })
      }
      await markDeadLetters(db, letters)
      restMs = SHORTEST_REST_MS
      return letters.length < BATCH ? restMs : 0
    },
  })
}
