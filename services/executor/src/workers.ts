import { availableParallelism } from 'node:os'
import type { Piscina } from 'piscina'

/** Threads for work that would hold up the event loop. */
export interface Workers extends AsyncDisposable {
  /**
   * Calls a file's default export with `input` in a thread.
   *
   * @param input and the answer are copied as `structuredClone` does
   * @throws {WorkTooLongError} after `timeoutMs` of waiting and working; the thread is ended, so
   *   work that never comes to an end does no harm
   * @throws the signal's reason once it aborts; the thread is ended likewise
   */
  run<Output>(file: URL, input: unknown, limits: WorkLimits): Promise<Output>
}

export interface WorkLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export class WorkTooLongError extends Error {
  override readonly name = 'WorkTooLongError'
}

/** A thread that had nothing to do for so long is ended, in milliseconds. */
const IDLE_MS = 10_000
/** A thread that needs more memory is ended, and its work with it. */
const MAX_HEAP_MB = 256

/** Starts no thread, and loads nothing, before there is work. */
export function openWorkers(): Workers {
  let opening: Promise<Piscina> | null = null
  return {
    async run<Output>(file: URL, input: unknown, { timeoutMs, signal }: WorkLimits) {
      opening ??= openPool()
      const pool = await opening
      const late = AbortSignal.timeout(timeoutMs)
      try {
        const output: Output = await pool.run(input, {
          filename: file.href,
          signal: AbortSignal.any([signal, late]),
        })
        return output
      } catch (error) {
        signal.throwIfAborted()
        if (late.aborted)
          throw new WorkTooLongError(`the work took longer than ${timeoutMs} ms`, { cause: error })
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      await (await opening)?.destroy()
    },
  }
}

async function openPool(): Promise<Piscina> {
  const { Piscina } = await import('piscina')
  return new Piscina({
    minThreads: 0,
    maxThreads: Math.max(1, availableParallelism() - 1),
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
}
