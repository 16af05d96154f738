/** A source of chance that a seed repeats. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from `min` to `max`. */
  from(min: number, max: number): number
  pick<T>(choices: readonly T[]): T
  /** True so often, 0 to 1. */
  chance(share: number): boolean
}

/** @see Tommy Ettinger, "Mulberry32" */
export function randomOf(seed: number): Random {
  let state = seed | 0
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  function from(min: number, max: number): number {
    return min + Math.floor(next() * (max - min + 1))
  }
  return {
    next,
    from,
    pick: choices => choices[from(0, choices.length - 1)]!,
    chance: share => next() < share,
  }
}
