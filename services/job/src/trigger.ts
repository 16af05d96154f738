import { type CreateJob, CronosError } from '@cronos/contract'
import {
  type Cron,
  type DstPolicy,
  type ExactInstant,
  type FireWindow,
  type Instant,
  later,
  loadZone,
  parseCron,
  parseInstant,
  type Recurrence,
  springDst,
  type Trigger,
  type Zone,
} from '@cronos/domain'
import { readDuration } from './policies.ts'
import { quote } from './quote.ts'

type RecurringTrigger = Extract<Trigger, { kind: 'cron' | 'every' }>
export type OneTimeTrigger = Exclude<Trigger, RecurringTrigger>

/** A recurring trigger that was read, with what its fires are computed from. */
export type ReadRecurring = RecurringTrigger & { readonly recurrence: Recurrence }

/** The fields of a request that say when a job is due. */
export type TriggerFields = Pick<
  CreateJob,
  | 'jobType'
  | 'executionMode'
  | 'runAt'
  | 'cronExpression'
  | 'every'
  | 'anchorAt'
  | 'startAt'
  | 'endAt'
  | 'timeZone'
  | 'dst'
>

const SHORTEST_INTERVAL_MS = 1_000
/** Ten years. */
const LONGEST_INTERVAL_MS = 3_660 * 86_400_000

/** What only recurring jobs have. */
const RECURRING_ONLY = ['timeZone', 'dst', 'every', 'anchorAt', 'startAt', 'endAt'] as const

/**
 * Reads the trigger that a request for a one-time job asks for.
 *
 * @throws {CronosError} with the rule that is broken
 */
export function readOneTime(request: TriggerFields): OneTimeTrigger {
  const { executionMode, runAt, cronExpression } = request
  if (isAbsent(executionMode)) refuse('executionMode must be provided for ONE_TIME jobs')
  if (!isBlank(cronExpression)) refuse('cronExpression must not be provided for ONE_TIME jobs')
  for (const field of RECURRING_ONLY)
    if (!isAbsent(request[field])) refuse(`${field} must not be provided for ONE_TIME jobs`)
  if (executionMode === 'IMMEDIATE') {
    if (!isAbsent(runAt)) refuse('runAt must be null for IMMEDIATE jobs')
    return { kind: 'immediate' }
  }
  if (isAbsent(runAt)) refuse('runAt must be provided for SCHEDULED jobs')
  return { kind: 'at', runAt: readExactInstant('runAt', runAt) }
}

/**
 * Reads the trigger that a request for a recurring job asks for.
 *
 * @param now the database's clock, from which on an interval without an anchor counts
 * @throws {CronosError} with the rule that is broken
 */
export function readRecurring(request: TriggerFields, now: Instant): ReadRecurring {
  const { executionMode, runAt, cronExpression, every } = request
  if (!isAbsent(executionMode)) refuse('executionMode must not be provided for RECURRING jobs')
  if (!isAbsent(runAt)) refuse('runAt must be null for RECURRING jobs')
  const window = readWindow(request)
  if (isAbsent(every)) {
    if (isBlank(cronExpression)) refuse('cronExpression must be provided for RECURRING jobs')
    if (!isAbsent(request.anchorAt)) refuse('anchorAt must not be provided without every')
    return readCronTrigger(cronExpression, request, window)
  }
  if (!isBlank(cronExpression)) refuse('cronExpression must not be provided beside every')
  if (!isAbsent(request.timeZone)) refuse('timeZone must not be provided beside every')
  if (!isAbsent(request.dst)) refuse('dst must not be provided beside every')
  const everyMs = readDuration('every', every, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS)
  const anchorAt = readBound('anchorAt', request.anchorAt) ?? later(now, everyMs)
  const trigger = { kind: 'every', everyMs, anchorAt, ...window } as const
  return { ...trigger, recurrence: trigger }
}

function readCronTrigger(
  expression: string,
  request: TriggerFields,
  window: FireWindow,
): ReadRecurring {
  const cron = readCron(expression)
  const zone = readZone(request.timeZone)
  const dst = readDst(request.dst)
  const recurrence = { kind: 'cron', cron, zone, dst, ...window } as const
  return { kind: 'cron', expression, timeZone: zone.id, dst, ...window, recurrence }
}

function readWindow({ startAt: start, endAt: end }: TriggerFields): FireWindow {
  const window = { startAt: readBound('startAt', start), endAt: readBound('endAt', end) }
  if (window.startAt !== null && window.endAt !== null && window.startAt >= window.endAt)
    refuse(`endAt must be after startAt, got ${end} and ${start}`)
  return window
}

function readBound(name: string, text: string | null | undefined): Instant | null {
  return isAbsent(text) ? null : readExactInstant(name, text).at
}

/** @throws {CronosError} names what is wrong, where, and what would be right */
export function readCron(expression: string): Cron {
  const parsed = parseCron(expression)
  if (parsed.ok) return parsed.cron
  const { field, text, position, message } = parsed.error
  const where = field === null ? '' : `${field} ${quote(text)} at position ${position}: `
  refuse(`Invalid cron expression: ${where}${message}`)
}

/** @throws {CronosError} when no zone has that name */
export function readZone(timeZone: string | null | undefined): Zone {
  const zone = loadZone(timeZone ?? 'UTC')
  if (zone === null)
    refuse(`timeZone must be an IANA time zone such as Europe/Berlin, got ${quote(timeZone ?? '')}`)
  return zone
}

/** What is not told is as Spring has it. */
export function readDst(dst: CreateJob['dst']): DstPolicy {
  return { gap: dst?.gap ?? springDst.gap, overlap: dst?.overlap ?? springDst.overlap }
}

/** @throws {CronosError} when the text is no instant with a zone */
export function readExactInstant(name: string, text: string): ExactInstant {
  const found = parseInstant(text)
  if (found === null)
    refuse(
      `${name} must be an ISO-8601 instant with Z or an offset, such as 2026-11-23T20:44:00Z, got ${quote(text)}`,
    )
  return found
}

function isAbsent<T>(value: T | null | undefined): value is null | undefined {
  return value === null || value === undefined
}

function isBlank(text: string | null | undefined): text is null | undefined {
  return isAbsent(text) || text.trim() === ''
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
