import { setTimeout as sleep } from 'node:timers/promises'
import { retryDelayMs } from '@cronos/domain'
import { coalesce, type Logger } from '@cronos/runtime'
import { type Ended, isTransient, nameOf, type Pool, recordAttempts } from '@cronos/store'

/** What became of recording an attempt. */
export type Recorded =
  /** On record, by this call or an earlier one whose answer was lost. */
  | 'recorded'
  /** Fenced out: somebody else answers for the run. */
  | 'stale'
  /** The database was away until the executor had to end; the lease answers for the run. */
  | 'given up'

/** Puts ended attempts on record, in batches, for as long as the database takes to be there. */
export interface Recorder extends AsyncDisposable {
  record(ended: Ended): Promise<Recorded>
  /** From now on nothing is tried again. */
  giveUp(): void
}

const MAX_BATCH = 1_000
const REST = { baseMs: 100, capMs: 2_000 }

export interface RecorderDeps {
  readonly db: Pool
  readonly log: Logger
  /** Is told when a run is due that had waited for one that is recorded. */
  readonly wakesNext: () => void
}

export function startRecorder({ db, log, wakesNext }: RecorderDeps): Recorder {
  const stop = new AbortController()
  const coalescer = coalesce(recordBatch, MAX_BATCH, () => true)
  return {
    record: ended => coalescer.add(ended),
    giveUp: () => stop.abort(),
    [Symbol.asyncDispose]: () => coalescer[Symbol.asyncDispose](),
  }

  async function recordBatch(ended: readonly Ended[]): Promise<Recorded[]> {
    try {
      return await recordWhenPossible(ended)
    } catch (error) {
      // One result that cannot be stored must not take its batch with it.
      if (ended.length === 1) return await recordBare(ended[0]!, error)
      throw error
    }
  }

  async function recordBare(ended: Ended, cause: unknown): Promise<Recorded[]> {
    log.error({ err: cause, jobId: ended.jobId }, 'a result cannot be stored')
    const error = ended.error && { message: 'the error of this attempt could not be stored' }
    return await recordWhenPossible([{ ...ended, output: null, error }])
  }

  async function recordWhenPossible(ended: readonly Ended[]): Promise<Recorded[]> {
    for (let failures = 0; ; ) {
      try {
        const recorded = await recordAttempts(db, ended)
        if (recorded.some(each => each.wakesNext)) wakesNext()
        if (recorded.length === ended.length) return ended.map(() => 'recorded')
        const names = new Set(recorded.map(nameOf))
        return ended.map(each => (names.has(nameOf(each)) ? 'recorded' : 'stale'))
      } catch (error) {
        if (!isTransient(error)) throw error
        if (stop.signal.aborted) return ended.map(() => 'given up')
        const restMs = retryDelayMs(REST, ++failures, Math.random())
        log.warn(
          { err: error, attempts: ended.length, restMs },
          'results not recorded, trying again',
        )
        await sleep(restMs, undefined, { signal: stop.signal }).catch(() => {}) // stopped: one last try
      }
    }
  }
}
