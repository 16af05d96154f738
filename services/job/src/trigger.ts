import { type CreateJob, CronosError } from '@cronos/contract'
import {
  type Cron,
  type DstPolicy,
  type ExactInstant,
  loadZone,
  parseCron,
  parseInstant,
  springDst,
  type Trigger,
  type Zone,
} from '@cronos/domain'

/** A trigger that was read, with what its fires are computed from. */
export type ReadTrigger =
  | Exclude<Trigger, { kind: 'cron' }>
  | (Extract<Trigger, { kind: 'cron' }> & { readonly cron: Cron; readonly zone: Zone })

/**
 * Reads the trigger that a request asks for.
 *
 * @throws {CronosError} with the rule that is broken
 */
export function readTrigger(request: CreateJob): ReadTrigger {
  return request.jobType === 'RECURRING' ? readRecurring(request) : readInstant(request)
}

function readInstant(request: CreateJob): ReadTrigger {
  const { executionMode, runAt, cronExpression, timeZone, dst } = request
  if (isAbsent(executionMode)) refuse('executionMode must be provided for ONE_TIME jobs')
  if (!isBlank(cronExpression)) refuse('cronExpression must not be provided for ONE_TIME jobs')
  if (!isAbsent(timeZone)) refuse('timeZone must not be provided for ONE_TIME jobs')
  if (!isAbsent(dst)) refuse('dst must not be provided for ONE_TIME jobs')
  if (executionMode === 'IMMEDIATE') {
    if (!isAbsent(runAt)) refuse('runAt must be null for IMMEDIATE jobs')
    return { kind: 'immediate' }
  }
  if (isAbsent(runAt)) refuse('runAt must be provided for SCHEDULED jobs')
  return { kind: 'at', runAt: readExactInstant('runAt', runAt) }
}

function readRecurring(request: CreateJob): ReadTrigger {
  const { executionMode, runAt, cronExpression, timeZone, dst } = request
  if (!isAbsent(executionMode)) refuse('executionMode must not be provided for RECURRING jobs')
  if (!isAbsent(runAt)) refuse('runAt must be null for RECURRING jobs')
  if (isBlank(cronExpression)) refuse('cronExpression must be provided for RECURRING jobs')
  const cron = readCron(cronExpression)
  const zone = readZone(timeZone)
  return {
    ...{ kind: 'cron', expression: cronExpression, cron, zone },
    timeZone: zone.id,
    dst: readDst(dst),
  }
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

const SHOWN_LENGTH = 100

export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text)
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
