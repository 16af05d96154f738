/** Who has how much under way, and how much there can be. */
export interface Load {
  /** Runs that can be under way at once, of all owners together. */
  readonly total: number
  /** Of these, what is kept free for an owner who has nothing under way yet. */
  readonly reserve: number
  /** Runs under way, by owner; those who have none are left out. */
  readonly inFlight: ReadonlyMap<string, number>
  /** No owner gets more than this, however much is free. */
  readonly limit: number
}

/** What is kept free, for owners who have nothing under way yet. */
const RESERVED_SHARE = 0.1
/** With fewer slots nothing is kept free: it would be too much. */
const FEWEST_SLOTS = 4

/** How much of what can be under way is kept free for whoever comes. */
export function fairReserve(total: number, slots: number): number {
  return slots < FEWEST_SLOTS ? 0 : Math.ceil(total * RESERVED_SHARE)
}

/**
 * How many runs one owner may have under way: as much as can be had by all alike ("max-min fair").
 * Whoever wants less than that leaves the rest to the others.
 *
 * @returns a whole number from 1, the same for each owner
 */
export function fairShare({ total, reserve, inFlight, limit }: Load): number {
  let room = Math.max(1, total - reserve)
  let others = Math.max(1, inFlight.size)
  for (const wanted of [...inFlight.values()].sort((a, b) => a - b)) {
    const share = room / others
    if (wanted >= share || others === 1) break
    room -= wanted
    others--
  }
  return Math.max(1, Math.min(Math.floor(room / others), limit))
}
