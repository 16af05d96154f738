import { type Instant, later, parseInstant } from '@cronos/domain'
import type { Period } from '@cronos/store'
import { parseDuration } from '../duration.ts'
import { show } from '../registry.ts'
import { PermanentError } from '../task.ts'

/** How a payload or a report definition says its period; `period` ends where `to` says, or now. */
export interface PeriodFields {
  readonly from?: string | null
  readonly to?: string | null
  readonly period?: string | null
}

const DAY_MS = 86_400_000
const LONGEST_MS = 366 * DAY_MS

/**
 * The period of a report: by default the 24 hours before the run's fire time. It is the same at each
 * attempt, because it never asks the clock.
 *
 * @throws {PermanentError} names the field that cannot be, or cannot be beside the others
 */
export function periodOf(fields: PeriodFields, scheduledAt: Instant): Period {
  const to = readInstant('to', fields.to) ?? scheduledAt
  const named = readInstant('from', fields.from)
  if (named !== null && fields.period)
    throw new PermanentError('payload.from must be absent where payload.period is given')
  const from = named ?? later(to, -lengthOf(fields.period))
  if (from >= to)
    throw new PermanentError(
      `payload.from must be before ${fields.to ? 'payload.to' : "the run's fire time"}, got ${show(fields.from)}`,
    )
  if (to - from > LONGEST_MS)
    throw new PermanentError(
      `payload.from must be at most 366 days before the end of the period, got ${show(fields.from)}`,
    )
  return { from, to }
}

function readInstant(field: 'from' | 'to', text: string | null | undefined): Instant | null {
  if (text === undefined || text === null) return null
  const parsed = parseInstant(text)
  if (parsed === null)
    throw new PermanentError(
      `payload.${field} must be an instant such as 2026-11-23T20:44:00Z, got ${show(text)}`,
    )
  return parsed.at
}

function lengthOf(period: string | null | undefined): number {
  if (period === undefined || period === null) return DAY_MS
  const ms = parseDuration(period)
  if (ms === null || ms > LONGEST_MS)
    throw new PermanentError(
      `payload.period must be a duration up to 366d such as "24h" or "7d", got ${show(period)}`,
    )
  return ms
}
