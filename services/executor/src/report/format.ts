const DAY_MS = 86_400_000

/** 1,234,567 */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** A share of a whole: `98.7 %`; never 100 % while something is missing. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–'
  const tenths = Math.floor((part / whole) * 1_000)
  return tenths === 1_000 ? '100 %' : `${(tenths / 10).toFixed(1)} %`
}

/** `850 ms`, `1.3 s`, `4 min 10 s`, `2 h 5 min` */
export function formatDuration(ms: number | null): string {
  if (ms === null) return '–'
  if (ms < 999.5) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `2026-11-23 20:44 UTC` */
export function formatMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `2026-11-23 20:44:05` */
export function formatSecond(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

/** A label on a time axis that is `spanMs` long: the time of the day, the day, or the month's day. */
export function formatTick(at: Date, spanMs: number): string {
  const text = at.toISOString()
  if (spanMs <= 2 * DAY_MS) return text.slice(11, 16)
  return spanMs <= 7 * DAY_MS ? `${text.slice(5, 10)} ${text.slice(11, 16)}` : text.slice(0, 10)
}
