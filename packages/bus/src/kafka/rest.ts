/** Rests of one who tries again. */
export interface Rests {
  /** Rests, each time twice as long as the last; returns early when the signal aborts. */
  next(signal: AbortSignal): Promise<void>
  /** It went well: the next rest is short again. */
  reset(): void
}

/** @param baseMs the first rest @param maxMs no rest is longer */
export function growingRests(baseMs: number, maxMs: number): Rests {
  let restMs = baseMs
  return {
    async next(signal) {
      const ms = restMs
      restMs = Math.min(restMs * 2, maxMs)
      await new Promise<void>(resolve => {
        if (signal.aborted) return resolve()
        const end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const timer = setTimeout(end, ms)
        signal.addEventListener('abort', end)
      })
    },
    reset() {
      restMs = baseMs
    },
  }
}
