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
