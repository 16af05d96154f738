/*
 * Text in ASCII, a byte a character, written where it stands. For the few bytes of an event this is
 * quicker than any call that crosses into native code, and leaves nothing to collect.
 */

export const ZERO = 0x30
const NINE = 0x39

/** @returns where the text ends */
export function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text
  for (let index = 0; index < length; index++) bytes[at + index] = text.charCodeAt(index)
  return at + length
}

/** @returns where the bytes end */
export function writeBytes(bytes: Uint8Array, at: number, given: Uint8Array): number {
  const { length } = given
  for (let index = 0; index < length; index++) bytes[at + index] = given[index]!
  return at + length
}

/**
 * @param value a safe integer from 0
 * @returns where its digits end
 */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  const end = at + digitsOf(value)
  writeDigits(bytes, end, value)
  return end
}

/** How many digits a safe integer from 0 has. */
export function digitsOf(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

/** Writes the last digits of a number, zeros before them. @returns where they end */
export function writePadded(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value
  for (let index = at + digits - 1; index >= at; index--) {
    bytes[index] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return at + digits
}

function writeDigits(bytes: Uint8Array, end: number, value: number): void {
  let rest = value
  for (let at = end - 1; ; at--) {
    const next = Math.floor(rest / 10)
    bytes[at] = ZERO + (rest - next * 10)
    if (next === 0) return
    rest = next
  }
}

/** @returns where what is expected ends, or a negative number where it does not stand there */
export function passBytes(bytes: Uint8Array, at: number, expected: Uint8Array): number {
  if (at < 0) return at
  for (let index = 0; index < expected.length; index++)
    if (bytes[at + index] !== expected[index]) return Number.NEGATIVE_INFINITY
  return at + expected.length
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

/** So many digits as a number; NaN where something else stands there. */
export function readDigits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = 0; index < count; index++) {
    const digit = bytes[at + index]! - ZERO
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
