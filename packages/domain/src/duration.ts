const MS = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 } as const

const ISO =
  /^P(?:(\d{1,6})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,10})(?:\.(\d{1,3}))?S)?)?$/i

/**
 * Reads an ISO-8601 duration of a fixed length: weeks, days of 24 hours, hours, minutes, seconds.
 * Years and months have no fixed length.
 *
 * @returns whole milliseconds from 0; null when the text is no such duration
 */
export function parseIsoDuration(text: string): number | null {
  const found = ISO.exec(text)
  if (!found || /[PT]$/i.test(text)) return null
  const [, weeks, days, hours, minutes, seconds, fraction = ''] = found
  const of = (count: string | undefined, unit: keyof typeof MS) => Number(count ?? 0) * MS[unit]
  const ms = of(weeks, 'W') + of(days, 'D') + of(hours, 'H') + of(minutes, 'M') + of(seconds, 'S')
  return ms + Number(fraction.padEnd(3, '0'))
}

/**
 * Writes a duration as ISO-8601 has it: `PT1H30M`, `P1DT0.5S`, `PT0S`. Never in weeks.
 *
 * @param ms whole milliseconds from 0
 */
export function formatIsoDuration(ms: number): string {
  const count = (unit: 'D' | 'H' | 'M', limit: number) => Math.floor(ms / MS[unit]) % limit
  const part = (value: number, letter: string) => (value === 0 ? '' : `${value}${letter}`)
  const seconds = (ms % 60_000) / MS.S
  const time = part(count('H', 24), 'H') + part(count('M', 60), 'M') + part(seconds, 'S')
  const text = part(count('D', Infinity), 'D') + (time === '' ? '' : `T${time}`)
  return text === '' ? 'PT0S' : `P${text}`
}
