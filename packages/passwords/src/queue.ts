/** Lets work through a few at a time; more than `maxWaiting` behind them are refused. */
export interface Queue {
  /** @throws what `refuse` makes when the queue is full, or what the work throws */
  run<T>(work: () => Promise<T>): Promise<T>
}

/**
 * @param width how much is worked on at once
 * @param maxWaiting how much may wait behind that
 */
export function openQueue(width: number, maxWaiting: number, refuse: () => Error): Queue {
  const waiting: (() => void)[] = []
  let running = 0

  return {
    async run(work) {
      if (running < width) running++
      else if (waiting.length < maxWaiting)
        await new Promise<void>(resolve => waiting.push(resolve)) // is handed the place of another
      else throw refuse()
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running--
      }
    },
  }
}
