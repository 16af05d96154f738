import { type CreateJob, CronosError } from '@cronos/contract'
import { type ExactInstant, parseCron, parseInstant, type Trigger } from '@cronos/domain'

/**
 * Reads the trigger that a request asks for.
 *
 * @throws {CronosError} with the rule that is broken
 */
export function readTrigger(request: CreateJob): Trigger {
  return request.jobType === 'RECURRING' ? readCron(request) : readInstant(request)
}

function readInstant({ executionMode, runAt, cronExpression }: CreateJob): Trigger {
  if (isAbsent(executionMode)) refuse('executionMode must be provided for ONE_TIME jobs')
  if (!isBlank(cronExpression)) refuse('cronExpression must not be provided for ONE_TIME jobs')
  if (executionMode === 'IMMEDIATE') {
    if (!isAbsent(runAt)) refuse('runAt must be null for IMMEDIATE jobs')
    return { kind: 'immediate' }
  }
  if (isAbsent(runAt)) refuse('runAt must be provided for SCHEDULED jobs')
  return { kind: 'at', runAt: readRunAt(runAt) }
}

function readCron({ executionMode, runAt, cronExpression }: CreateJob): Trigger {
  if (!isAbsent(executionMode)) refuse('executionMode must not be provided for RECURRING jobs')
  if (!isAbsent(runAt)) refuse('runAt must be null for RECURRING jobs')
  if (isBlank(cronExpression)) refuse('cronExpression must be provided for RECURRING jobs')
  const parsed = parseCron(cronExpression)
  if (!parsed.ok) refuse(`Invalid cron expression: ${parsed.error.message}`)
  return { kind: 'cron', expression: cronExpression, timeZone: 'UTC' }
}

/** @throws {CronosError} when the text is no instant with a zone */
export function readRunAt(text: string): ExactInstant {
  const runAt = parseInstant(text)
  if (runAt === null)
    refuse(
      `runAt must be an ISO-8601 instant with Z or an offset, such as 2026-11-23T20:44:00Z, got ${quote(text)}`,
    )
  return runAt
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
