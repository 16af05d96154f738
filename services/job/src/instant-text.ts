import { formatInstant, type Instant } from '@cronos/domain'

/** An instant as the API writes it; null stays null. */
export function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
