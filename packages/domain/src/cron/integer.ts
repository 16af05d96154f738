const MAX = 2_147_483_647
const DECIMAL_DIGIT = /\p{Nd}/u

/**
 * Reads a whole number as Java's `Integer.parseInt` does, because Spring does: an optional sign,
 * leading zeros, the decimal digits of any script, 32 bits.
 *
 * @returns null when the text is no such number
 */
export function parseInteger(text: string): number | null {
  const value = /^[+-]?[0-9]+$/.test(text) ? Number(text) : parseAnyScript(text)
  if (value === null || value > MAX || value < -MAX - 1) return null
  return value + 0 // not -0
}

function parseAnyScript(text: string): number | null {
  // Java looks at UTF-16 units: digits past the basic plane are none to it.
  if (!/^[+-]?\p{Nd}+$/u.test(text) || /[\u{10000}-\u{10ffff}]/u.test(text)) return null
  return Number(text.replace(/\p{Nd}/gu, digit => String(digitValue(digit))))
}

/** Unicode keeps each script's ten digits together: a digit is worth its distance from the zero. */
function digitValue(digit: string): number {
  const code = digit.charCodeAt(0)
  let zero = code
  while (DECIMAL_DIGIT.test(String.fromCharCode(zero - 1))) zero--
  return (code - zero) % 10
}
