import { CronosError } from '@cronos/contract'

/**
 * A place in a list as a client gets it: text that says nothing. The parts are of our own making
 * and hold no blanks.
 */
export function writeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join(' ')).toString('base64url')
}

/**
 * @param pattern what the parts must be, with a blank between them
 * @throws {CronosError} INVALID_REQUEST when it is none that we wrote
 */
export function readCursor(cursor: string, pattern: RegExp): string[] {
  const found = pattern.exec(Buffer.from(cursor, 'base64url').toString())
  if (found === null) throw foreignCursor()
  return found.slice(1)
}

export function foreignCursor(): CronosError {
  return new CronosError('INVALID_REQUEST', 'cursor must be one that an earlier page answered')
}
