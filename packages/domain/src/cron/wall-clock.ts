/**
 * An instant as the clocks of its zone show it: `2026-03-29T03:30:00+02:00`.
 *
 * @param at in epoch milliseconds, a whole second
 * @param offset the wall clock less UTC, in milliseconds
 */
export function formatLocal(at: number, offset: number): string {
  return formatWall(at + offset) + formatOffset(offset)
}

/** What a clock shows, without an offset: `2026-03-29T02:30:00`. */
export function formatWall(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('.000Z', '')
}

/** `Z`, `+02:00`; local mean time has seconds too: `-00:44:30`. */
function formatOffset(offsetMs: number): string {
  if (offsetMs === 0) return 'Z'
  const clock = new Date(Math.abs(offsetMs)).toISOString().slice(11, 19)
  return (offsetMs < 0 ? '-' : '+') + clock.replace(/:00$/, '')
}
