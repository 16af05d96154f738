import type { Instant } from '@cronos/domain'

/** The fire times that a report tells of: `from` belongs to it, `to` no longer. */
export interface Period {
  readonly from: Instant
  readonly to: Instant
}
