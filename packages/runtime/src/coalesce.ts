/** Work that is done in batches which form by themselves. */
export interface Coalescer<Item, Answer> extends AsyncDisposable {
  /** Resolves with what became of this item, when its batch is done. */
  add(item: Item): Promise<Answer>
  /** Items that are not done yet. */
  readonly size: number
}

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Keeps at most one call of `work` going; what is added meanwhile makes the next batch. So a lone
 * item is worked on at once, and a flood shares round trips and commits.
 *
 * A batch that fails rejects each of its items with the cause, unless one item alone may be to blame:
 * then each is tried again by itself. Disposing waits for what was added.
 *
 * @param work answers in the order of its items
 * @param maxBatch items of one call at most
 * @param blamesItem whether such an error may come from a single item
 */
export function coalesce<Item, Answer>(
  work: (items: readonly Item[]) => Promise<readonly Answer[]>,
  maxBatch: number,
  blamesItem: (error: unknown) => boolean = () => false,
): Coalescer<Item, Answer> {
  let waiting: Waiting<Item, Answer>[] = []
  let inFlight = 0
  let idle = Promise.resolve()

  return {
    get size() {
      return waiting.length + inFlight
    },
    add: item =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (inFlight === 0 && waiting.length === 1) idle = drain()
      }),
    [Symbol.asyncDispose]: () => idle,
  }

  async function drain(): Promise<void> {
    await new Promise(setImmediate) // what the same turn of the event loop adds comes along
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      waiting = waiting.slice(maxBatch)
      inFlight = batch.length
      await settle(batch)
      inFlight = 0
    }
  }

  async function settle(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await work(batch.map(each => each.item))
      for (const [index, each] of batch.entries()) each.resolve(answers[index]!)
    } catch (error) {
      if (batch.length > 1 && blamesItem(error)) for (const each of batch) await settle([each])
      else for (const each of batch) each.reject(error)
    }
  }
}
