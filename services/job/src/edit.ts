import { CronosError, type EditJob } from '@cronos/contract'
import {
  type ExactInstant,
  formatInstant,
  formatIsoDuration,
  type Instant,
  type StoredRecurrence,
  springDst,
} from '@cronos/domain'
import type { JobDetails, JobEdit, LockedJob } from '@cronos/store'
import { textOf } from './instant-text.ts'
import { mergePatch } from './merge-patch.ts'
import { type Named, readPolicies, refuseRecurringPolicies } from './policies.ts'
import {
  type ReadRecurring,
  readExactInstant,
  readOneTime,
  readRecurring,
  type TriggerFields,
} from './trigger.ts'

/** No payload grows beyond this by being merged, in bytes of JSON: 1 MiB. */
const MAX_PAYLOAD_BYTES = 1_048_576

const TRIGGER_FIELDS = [
  ...(['cronExpression', 'every', 'anchorAt', 'startAt', 'endAt', 'timeZone', 'dst'] as const),
] satisfies (keyof EditJob)[]

/**
 * Reads what a merge patch makes of a job.
 *
 * @param now the database's clock, from which on an interval without an anchor counts
 * @throws {CronosError} names the field and what would be right
 */
export function readEdit(body: EditJob, job: LockedJob, defaults: Named, now: Instant): JobEdit {
  const { jobType, executionMode } = job
  if (body.jobType !== undefined && body.jobType !== jobType)
    refuse(`jobType cannot change, it must be left out or ${jobType}, got ${body.jobType}`)
  if (body.executionMode !== undefined && body.executionMode !== executionMode)
    refuse(
      `executionMode cannot change, it must be left out or ${executionMode}, got ${body.executionMode}`,
    )
  if (jobType === 'ONE_TIME') refuseRecurringPolicies(body)
  return {
    ...readPolicies(body, job, defaults),
    payload: readPayload(body, job),
    recurrence: jobType === 'RECURRING' ? readRecurrence(body, job, now) : null,
    runAt: jobType === 'ONE_TIME' ? readRunAt(body, job) : null,
  }
}

function readPayload({ payload: patch }: EditJob, job: LockedJob): JobEdit['payload'] {
  if (patch === undefined) return job.payload
  const payload = mergePatch(job.payload, patch)
  const bytes = Buffer.byteLength(JSON.stringify(payload))
  if (bytes > MAX_PAYLOAD_BYTES)
    refuse(`payload must be at most ${MAX_PAYLOAD_BYTES} bytes of JSON, it would be ${bytes}`)
  return payload
}

/** Null where the job keeps the instant that it has. */
function readRunAt(body: EditJob, job: LockedJob): ExactInstant | null {
  const { jobType, executionMode, nextRunAt } = job
  const fields = Object.fromEntries(TRIGGER_FIELDS.map(name => [name, body[name]]))
  const kept = executionMode === 'SCHEDULED' ? formatInstant(nextRunAt) : null
  readOneTime({
    ...fields,
    jobType,
    executionMode,
    runAt: body.runAt === undefined ? kept : body.runAt,
  })
  if (typeof body.runAt !== 'string') return null
  const runAt = readExactInstant('runAt', body.runAt)
  return runAt.at === nextRunAt && runAt.microseconds === 0 ? null : runAt
}

function readRecurrence(body: EditJob, job: LockedJob, now: Instant): StoredRecurrence {
  const isTouched = TRIGGER_FIELDS.some(name => body[name] !== undefined)
  if (!isTouched && body.runAt === undefined) return storedOf(job)
  const asked = Object.fromEntries(
    [...TRIGGER_FIELDS, 'runAt' as const]
      .filter(name => body[name] !== undefined)
      .map(name => [name, name === 'dst' ? mergedDst(body, job) : body[name]]),
  )
  return toStored(readRecurring({ ...keptFields(body, job), ...asked }, now))
}

/**
 * The fields of the trigger that a patch leaves out. Turning from cron to an interval or back takes
 * what only the former has away.
 */
function keptFields(body: EditJob, job: LockedJob): TriggerFields {
  const { jobType, cronExpression, everyMs, timeZone } = job
  const window = { startAt: textOf(job.startAt), endAt: textOf(job.endAt) }
  const every = everyMs === null ? null : formatIsoDuration(everyMs)
  const turnsToEvery = typeof body.every === 'string' && body.cronExpression === null
  const turnsToCron = typeof body.cronExpression === 'string' && body.every === null
  if (turnsToEvery || turnsToCron) return { jobType, ...window }
  if (every !== null) return { jobType, every, anchorAt: textOf(job.anchorAt), ...window }
  const dst = { gap: job.dstGap, overlap: job.dstOverlap }
  return { jobType, cronExpression, timeZone, dst, ...window }
}

function mergedDst({ dst }: EditJob, job: LockedJob): TriggerFields['dst'] {
  if (dst === null || dst === undefined || job.cronExpression === null) return dst
  return { gap: job.dstGap, overlap: job.dstOverlap, ...dst }
}

/** The trigger of a recurring job as it is stored. */
function toStored(trigger: ReadRecurring): StoredRecurrence {
  const { startAt, endAt } = trigger
  const window = { startAt, endAt }
  if (trigger.kind === 'every') {
    const { everyMs, anchorAt } = trigger
    const plain = { timeZone: 'UTC', dstGap: springDst.gap, dstOverlap: springDst.overlap }
    return { cronExpression: null, ...plain, everyMs, anchorAt, ...window }
  }
  const { expression: cronExpression, timeZone, dst } = trigger
  const zoned = { cronExpression, timeZone, dstGap: dst.gap, dstOverlap: dst.overlap }
  return { ...zoned, everyMs: null, anchorAt: null, ...window }
}

function storedOf(job: JobDetails): StoredRecurrence {
  const { cronExpression, timeZone, dstGap, dstOverlap, everyMs, anchorAt, startAt, endAt } = job
  return { cronExpression, timeZone, dstGap, dstOverlap, everyMs, anchorAt, startAt, endAt }
}

function refuse(message: string): never {
  throw new CronosError('INVALID_REQUEST', message)
}
