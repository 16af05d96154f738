import type { Logger } from 'pino'
import type { StartedService } from './started-service.ts'

/**
 * One turn of a loop. Answers how long to rest before the next, in milliseconds.
 * The signal aborts when the loop is stopped.
 */
export type Turn = (signal: AbortSignal) => Promise<number>

export interface Loop extends StartedService {
  /** Ends the rest, now or the one that the present turn will ask for: there is news. */
  wake(): void
}

export interface LoopOptions {
  readonly name: string
  readonly log: Logger
  /** Whether an error passes by itself; any other ends the loop, loudly. */
  readonly isTransient: (error: unknown) => boolean
  /** The first rest after a failure in milliseconds; it doubles with each further one. */
  readonly baseRestMs: number
  /** No rest after a failure is longer, in milliseconds. */
  readonly maxRestMs: number
  readonly turn: Turn
}

/** Runs turn after turn until it is disposed of. */
export function startLoop(options: LoopOptions): Loop {
  const { name, log, isTransient, baseRestMs, maxRestMs, turn } = options
  const stop = new AbortController()
  let news = false
  let endRest = () => {}

  const done = loop(stop.signal)
  done.catch(() => {}) // `done` still rejects for its owner; Node only learns that it has one
  return {
    name,
    done,
    wake() {
      news = true
      endRest()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      endRest()
      await done.catch(() => {}) // its owner has been told by `done`
    },
  }

  async function loop(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      let restMs: number
      news = false
      try {
        restMs = await turn(signal)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (!isTransient(error)) throw error // a bug stops the service, loudly
        restMs = Math.min(baseRestMs * 2 ** failures++, maxRestMs)
        log.warn({ loop: name, err: error, failures, restMs }, 'turn failed, trying again')
        news = false // news cannot be acted on before the rest
      }
      if (!news && !signal.aborted && restMs > 0) await rest(restMs)
    }
  }

  function rest(ms: number): Promise<void> {
    return new Promise(resolve => {
      // A timer forgets fractions, and a turn that comes too early finds nothing to do.
      const timer = setTimeout(resolve, Math.ceil(ms))
      endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
