import { CronosError } from '@cronos/contract'
import type { Instant } from '@cronos/domain'
import { readExactInstant } from './trigger.ts'

/** A span of time, both ends inclusive; null for no bound. */
export interface Span {
  readonly from: Instant | null
  readonly to: Instant | null
}

/**
 * Reads the two parameters of a query that bound a span.
 *
 * @param names what they are called there
 * @throws {CronosError} when one is no instant, or the first is after the second
 */
export function readSpan(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  names: readonly [from: string, to: string] = ['from', 'to'],
): Span {
  const read = (name: string, text: string | undefined) =>
    text === undefined ? null : readExactInstant(name, text).at
  const span = { from: read(names[0], from), to: read(names[1], to) }
  if (span.from !== null && span.to !== null && span.from > span.to)
    throw new CronosError(
      'INVALID_REQUEST',
      `${names[0]} must not be after ${names[1]}, got ${from} and ${to}`,
    )
  return span
}
