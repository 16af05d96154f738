import { formatIsoDuration, type JobFacts } from '@cronos/domain'

/** What statements return of a job that is to be explained. */
export interface JobColumns extends Omit<JobFacts, 'trigger' | 'task'> {
  readonly cronExpression: string | null
  readonly everyMs: number | null
  readonly task: string | null
}

export function toJobFacts(row: JobColumns): JobFacts {
  const { jobType, state, timeZone, overlap, pausedAt, pauseNote, pausedBy, failureReason } = row
  return {
    ...{ jobType, state, timeZone, overlap, pausedAt, pauseNote, pausedBy, failureReason },
    trigger: triggerOf(row),
    task: row.task ?? '',
  }
}

function triggerOf({ cronExpression, everyMs }: JobColumns): string | null {
  if (cronExpression !== null) return cronExpression
  return everyMs === null ? null : `every ${formatIsoDuration(everyMs)}`
}
