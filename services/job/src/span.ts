import { CronosError } from '@cronos/contract'
import type { Instant } from '@cronos/domain'
import { readExactInstant } from './trigger.ts'

/**
 * Two instants of a query that bound a time.
 *
 * @throws {CronosError} INVALID_REQUEST when one does not parse, or they are the wrong way round
 */
export function readSpan(
  from: string | undefined,
  to: string | undefined,
): { from: Instant | null; to: Instant | null } {
  const span = { from: readBound('from', from), to: readBound('to', to) }
  if (span.from !== null && span.to !== null && span.from > span.to)
    throw new CronosError('INVALID_REQUEST', `from must not be after to, got ${from} and ${to}`)
  return span
}

function readBound(name: string, text: string | undefined): Instant | null {
  return text === undefined ? null : readExactInstant(name, text).at
}
