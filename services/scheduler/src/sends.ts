/**
 * Sends beside the turns of a scheduler: what is due next is claimed while the bus takes what was
 * due before. Disposing waits for what is under way.
 */
export interface Sends extends AsyncDisposable {
  /**
   * Begins to send, and resolves when there is room for one more.
   *
   * @throws what an earlier one failed with, once
   */
  begin(send: () => Promise<void>): Promise<void>
}

/** @param most sends that may be under way at the same time */
export function openSends(most: number): Sends {
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []

  return {
    async begin(send) {
      const sending = send()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => underWay.delete(sending))
      underWay.add(sending)
      while (underWay.size >= most) await Promise.race(underWay)
      if (failures.length > 0) throw failures.splice(0)[0]
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(underWay)
    },
  }
}
