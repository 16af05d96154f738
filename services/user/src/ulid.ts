import type { UserId } from '@cronos/domain'

/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * Makes a ULID: 48 bits of time, then 80 random ones, in 26 characters that sort by time.
 *
 * @param nowMs epoch milliseconds; orders ids and decides nothing
 * @param random 10 bytes
 * @see https://github.com/ulid/spec
 */
export function newUserId(nowMs: number, random: Uint8Array): UserId {
  if (random.length !== 10) throw new RangeError(`a ULID takes 10 bytes, got ${random.length}`)
  const tail = random.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n)
  let bits = (BigInt(nowMs) << 80n) | tail
  let id = ''
  for (let place = 0; place < 26; place++) {
    id = DIGITS[Number(bits & 31n)] + id
    bits >>= 5n
  }
  return id as UserId
}
