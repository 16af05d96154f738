import { randomFillSync } from 'node:crypto'
import { type CreateJob, CronosError } from '@cronos/contract'
import {
  defaultPolicies,
  type Instant,
  jobIdOf,
  nextFireOf,
  type UserId,
  uuidSource,
} from '@cronos/domain'
import type { NewJob, NewTrigger } from '@cronos/store'
import { type Named, readPolicies, refuseRecurringPolicies } from './policies.ts'
import { quote } from './quote.ts'
import { readOneTime, readRecurring } from './trigger.ts'

/**
 * Reads what a job was asked for with into a job to be stored, with an id of its own. The first fire
 * of a recurring job is the next after `now`, which is asked for only then.
 *
 * @throws {CronosError} with the rule that is broken
 */
export type JobReader = (
  owner: UserId,
  request: CreateJob,
  now: () => Promise<Instant>,
) => Promise<NewJob>

/** @param maxAttempts what a job gets that does not ask for a number of attempts */
export function jobReader(maxAttempts: number): JobReader {
  const nextUuid = uuidSource()
  const nextRandom = randomSource()
  const defaults: Named = { ...defaultPolicies, name: null, tags: [], maxAttempts }
  return async (owner, request, now) => {
    if (request.jobType === 'ONE_TIME') refuseRecurringPolicies(request)
    const policies = readPolicies(request, defaults, defaults)
    const trigger =
      request.jobType === 'ONE_TIME' ? readOneTime(request) : planRecurring(request, await now())
    const jobId = jobIdOf(nextUuid(Date.now(), nextRandom()))
    return { jobId, owner, payload: request.payload, trigger, ...policies }
  }
}

/** Asking for random bytes costs the same for 8 as for 4 KiB. */
function randomSource(): () => Uint8Array {
  const bytes = new Uint8Array(4_096)
  let at = bytes.length
  return () => {
    if (at === bytes.length) {
      randomFillSync(bytes)
      at = 0
    }
    at += 8
    return bytes.subarray(at - 8, at)
  }
}

function planRecurring(request: CreateJob, plannedAt: Instant): NewTrigger {
  const { recurrence, ...trigger } = readRecurring(request, plannedAt)
  const firstFireAt = nextFireOf(recurrence, plannedAt)
  if (firstFireAt === null) {
    const unbounded = { ...recurrence, startAt: null, endAt: null }
    const fires = nextFireOf(unbounded, plannedAt) !== null
    throw new CronosError('INVALID_REQUEST', neverFires(request, fires))
  }
  const tzdata = trigger.kind === 'cron' ? (process.versions['tz'] ?? 'unknown') : null
  return { ...trigger, plannedAt, firstFireAt, tzdata }
}

/** Which field is to blame: a bound of the window, where the trigger alone would fire. */
function neverFires({ cronExpression, startAt, endAt }: CreateJob, fires: boolean): string {
  if (!fires && typeof cronExpression === 'string')
    return `Invalid cron expression: ${quote(cronExpression)} never fires`
  if (typeof endAt === 'string')
    return `endAt must be after the first fire time, got ${quote(endAt)}`
  return `startAt must be before the last fire time there can be, got ${quote(startAt ?? '')}`
}
