import type { CreateJob } from '@cronos/contract'
import { formatInstant, formatIsoDuration } from '@cronos/domain'
import type { JobDetails } from '@cronos/store'
import { textOf } from './instant-text.ts'

/** The request that asks for the same job again, but for some fields. */
export function cloneRequest(job: JobDetails, overrides: Partial<CreateJob>): CreateJob {
  const { jobType, payload, name, tags, priority, onLost, misfire } = job
  const { expireAfterMs, backoffBaseMs, backoffCapMs } = job
  const isRecurring = jobType === 'RECURRING' && overrides.jobType !== 'ONE_TIME'
  return {
    ...{ jobType, payload, name, tags: [...tags], priority, onLost },
    // A one-time job cannot catch up.
    misfire: misfire === 'catch_up' && !isRecurring ? null : misfire,
    timeout: formatIsoDuration(job.timeoutMs),
    expireAfter: expireAfterMs === null ? null : formatIsoDuration(expireAfterMs),
    retry: {
      ...{ maxAttempts: job.maxAttempts, backoff: job.backoff, jitter: job.backoffJitter },
      base: backoffBaseMs === null ? null : formatIsoDuration(backoffBaseMs),
      cap: backoffCapMs === null ? null : formatIsoDuration(backoffCapMs),
    },
    ...(isRecurring ? recurringPolicies(job) : {}),
    ...(overrides.jobType === undefined || overrides.jobType === jobType
      ? triggerOf(job, overrides)
      : {}),
    ...overrides,
  }
}

function recurringPolicies(job: JobDetails): Partial<CreateJob> {
  const { overlap, catchUpLimit, pauseAfterFailures, spreadMs } = job
  return { overlap, catchUpLimit, pauseAfterFailures, spread: formatIsoDuration(spreadMs) }
}

/** A trigger of another kind takes the whole place of the job's own. */
function triggerOf(job: JobDetails, overrides: Partial<CreateJob>): Partial<CreateJob> {
  const { executionMode, cronExpression, everyMs, timeZone } = job
  if (job.jobType === 'ONE_TIME') {
    const mode = overrides.executionMode ?? executionMode
    const runAt = mode === 'SCHEDULED' && executionMode === 'SCHEDULED'
    return { executionMode, ...(runAt ? { runAt: formatInstant(job.nextRunAt) } : {}) }
  }
  const window = { startAt: textOf(job.startAt), endAt: textOf(job.endAt) }
  if (everyMs !== null)
    return typeof overrides.cronExpression === 'string'
      ? window
      : { every: formatIsoDuration(everyMs), anchorAt: textOf(job.anchorAt), ...window }
  if (typeof overrides.every === 'string') return window
  return { cronExpression, timeZone, dst: { gap: job.dstGap, overlap: job.dstOverlap }, ...window }
}
