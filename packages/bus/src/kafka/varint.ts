/**
 * Writes a number of 32 bits in Kafka's variable length: zigzag, seven bits a byte, the lowest first.
 *
 * @returns where it ends
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let end = at
  for (; rest > 0x7f; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80
  bytes[end++] = rest
  return end
}

/** The same of a whole number that may have up to 64 bits. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return writeVarint(bytes, at, value)
  const wide = BigInt(value)
  let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
  let end = at
  for (; rest > 0x7fn; rest >>= 7n) bytes[end++] = Number(rest & 0x7fn) | 0x80
  bytes[end++] = Number(rest)
  return end
}
