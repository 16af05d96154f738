import type { JobSummary } from '@cronos/contract'
import { formatInstant } from '@cronos/domain'
import type { JobRow } from '@cronos/store'
import { textOf } from './instant-text.ts'

/** A job as lists show it. */
export function toSummary(job: JobRow): JobSummary {
  return {
    jobId: job.jobId,
    jobType: job.jobType,
    status: job.status,
    nextRunAt: formatInstant(job.nextRunAt),
    createdAt: formatInstant(job.createdAt),
    failureReason: job.failureReason,
    failedAt: textOf(job.failedAt),
    attempts: job.attempts,
  }
}
