/** The constants of MurmurHash 2, and the seed that Kafka's clients use. */
const MULTIPLIER = 0x5bd1e995
const SHIFT = 24
const SEED = 0x9747b28c

/**
 * The hash by which Kafka's clients choose a key's partition: MurmurHash 2 of 32 bits, as a signed
 * number. Each event that is published needs it, so it is done in machine words.
 *
 * @param bytes a byte string: one character a byte, none above U+00FF
 * @see Austin Appleby, MurmurHash2 (2008)
 */
export function murmur2(bytes: string): number {
  const { length } = bytes
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word =
      bytes.charCodeAt(at) |
      (bytes.charCodeAt(at + 1) << 8) |
      (bytes.charCodeAt(at + 2) << 16) |
      (bytes.charCodeAt(at + 3) << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> SHIFT
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  if (at < length) {
    for (let byte = 0; at + byte < length; byte++) hash ^= bytes.charCodeAt(at + byte) << (8 * byte)
    hash = Math.imul(hash, MULTIPLIER)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, MULTIPLIER)
  return hash ^ (hash >>> 15)
}
