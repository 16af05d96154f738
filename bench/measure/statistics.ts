/** @returns the value that this share of them does not exceed; NaN of none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const index = Math.ceil(sorted.length * share) - 1
  return sorted[Math.min(sorted.length - 1, Math.max(0, index))] ?? Number.NaN
}

/** The middle value, and between two of them their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2
}

/** Least and most, as a text such as `8,100–9,020`. */
export function spread(values: readonly number[], digits = 0): string {
  return `${shown(Math.min(...values), digits)}–${shown(Math.max(...values), digits)}`
}

/** A number for people. */
export function shown(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '–'
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
