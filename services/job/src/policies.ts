import type { PolicyPatch, ShownPolicies } from '@cronos/contract'
import { CronosError } from '@cronos/contract'
import { formatIsoDuration, type JobPolicies, parseIsoDuration } from '@cronos/domain'
import { quote } from './quote.ts'

/** What a job is called, and how it is treated. */
export interface Named extends JobPolicies {
  readonly name: string | null
  readonly tags: readonly string[]
}

const SECOND_MS = 1_000
const DAY_MS = 86_400_000
const LONGEST_TIMEOUT_MS = 7 * DAY_MS
const LONGEST_WAIT_MS = 7 * DAY_MS
const LONGEST_EXPIRY_MS = 366 * DAY_MS

/**
 * Reads the policies that a request asks for: a field that is left out stays as it is in `current`,
 * one that is null becomes what it is in `defaults`.
 *
 * @throws {CronosError} names the field and what would be right
 */
export function readPolicies(asked: PolicyPatch, current: Named, defaults: Named): Named {
  const pick = <K extends keyof Named, V>(
    field: K,
    value: V | null | undefined,
    read: (value: V) => Named[K],
  ): Named[K] => {
    if (value === undefined) return current[field]
    return value === null ? defaults[field] : read(value)
  }
  const same = <V>(value: V) => value
  const between = (field: string, min: number, max: number) => (text: string) =>
    readDuration(field, text, min, max)
  const retry = asked.retry === null ? resetRetry : (asked.retry ?? {})
  const read: Named = {
    name: pick('name', asked.name, same),
    tags: pick('tags', asked.tags, tags => [...new Set(tags)]),
    priority: pick('priority', asked.priority, same),
    timeoutMs: pick('timeoutMs', asked.timeout, between('timeout', 100, LONGEST_TIMEOUT_MS)),
    maxAttempts: pick('maxAttempts', retry.maxAttempts, same),
    backoff: pick('backoff', retry.backoff, same),
    backoffBaseMs: pick('backoffBaseMs', retry.base, between('retry.base', 0, LONGEST_WAIT_MS)),
    backoffCapMs: pick('backoffCapMs', retry.cap, between('retry.cap', 0, LONGEST_WAIT_MS)),
    backoffJitter: pick('backoffJitter', retry.jitter, same),
    overlap: pick('overlap', asked.overlap, same),
    misfire: pick('misfire', asked.misfire, same),
    catchUpLimit: pick('catchUpLimit', asked.catchUpLimit, same),
    expireAfterMs: pick(
      'expireAfterMs',
      asked.expireAfter,
      between('expireAfter', SECOND_MS, LONGEST_EXPIRY_MS),
    ),
    spreadMs: pick('spreadMs', asked.spread, between('spread', 0, DAY_MS)),
    onLost: pick('onLost', asked.onLost, same),
    pauseAfterFailures: pick('pauseAfterFailures', asked.pauseAfterFailures, same),
  }
  refuseUnstorable(read)
  return read
}

const resetRetry = { maxAttempts: null, backoff: null, base: null, cap: null, jitter: null }

/**
 * @throws {CronosError} when the text is no duration in ISO-8601, or one out of bounds
 * @returns milliseconds
 */
export function readDuration(field: string, text: string, minMs: number, maxMs: number): number {
  const ms = parseIsoDuration(text)
  if (ms === null)
    refuse(`${field} must be an ISO-8601 duration such as PT5M or P1DT12H, got ${quote(text)}`)
  if (ms < minMs || ms > maxMs)
    refuse(
      `${field} must be from ${formatIsoDuration(minMs)} to ${formatIsoDuration(maxMs)}, got ${quote(text)}`,
    )
  return ms
}

/** PostgreSQL stores no NUL character. */
function refuseUnstorable({ name, tags }: Named): void {
  if (name?.includes('\0')) refuse('name must not have a NUL character')
  if (tags.some(tag => tag.includes('\0'))) refuse('tags must not have a NUL character')
}

/** Policies that only a recurring job has; a one-time job must not ask for them. */
const RECURRING_ONLY = ['overlap', 'catchUpLimit', 'spread', 'pauseAfterFailures'] as const

/** @throws {CronosError} names the field that a one-time job cannot have */
export function refuseRecurringPolicies(asked: PolicyPatch): void {
  for (const field of RECURRING_ONLY)
    if (asked[field] !== undefined && asked[field] !== null)
      refuse(`${field} must not be provided for ONE_TIME jobs`)
  if (asked.misfire === 'catch_up') refuse('misfire must be run_once or skip for ONE_TIME jobs')
}

/** @param retry what executors are configured with, where the job asks for nothing */
export function showPolicies(
  policies: Named,
  retry: { readonly baseMs: number; readonly capMs: number },
): ShownPolicies {
  const { name, tags, priority, overlap, misfire, catchUpLimit, onLost } = policies
  const { expireAfterMs, pauseAfterFailures } = policies
  return {
    ...{ name, tags: [...tags], priority, overlap, misfire, catchUpLimit, onLost },
    pauseAfterFailures,
    timeout: formatIsoDuration(policies.timeoutMs),
    expireAfter: expireAfterMs === null ? null : formatIsoDuration(expireAfterMs),
    spread: formatIsoDuration(policies.spreadMs),
    retry: {
      maxAttempts: policies.maxAttempts,
      backoff: policies.backoff,
      base: formatIsoDuration(policies.backoffBaseMs ?? retry.baseMs),
      cap: formatIsoDuration(policies.backoffCapMs ?? retry.capMs),
      jitter: policies.backoffJitter,
    },
  }
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
