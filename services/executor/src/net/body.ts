/**
 * An answer's body as JSON can keep it: text where it is UTF-8 (a character that was cut through
 * at the end is left out), else base64. PostgreSQL's JSON holds no NUL, so a text with one counts
 * as binary.
 */
export function readableBody(
  bytes: Uint8Array,
  truncated: boolean,
): { body: string } | { bodyBase64: string } {
  try {
    const body = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: truncated })
    if (!body.includes('\0')) return { body }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error // a TypeError says: not UTF-8
  }
  return { bodyBase64: Buffer.from(bytes).toString('base64') }
}
