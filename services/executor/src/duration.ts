const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/**
 * Reads a duration as payloads write it: a number and its unit, `300ms`, `30s`, `15m`, `24h`, `7d`,
 * `2w`.
 *
 * @returns milliseconds, above 0; null when the text is no such duration
 */
export function parseDuration(text: string): number | null {
  const found = /^(\d{1,12})(ms|[smhdw])$/.exec(text)
  if (!found) return null
  const ms = Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS]
  return ms > 0 ? ms : null
}
