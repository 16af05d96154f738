import type { Instant } from '../instant.ts'
import { type Cause, cause, type Explanation, shown } from './cause.ts'
import type { JobFacts, RunFacts } from './facts.ts'
import { explainRun } from './run.ts'
import { explainPause, explainWaiting } from './waiting.ts'

/** What is known of a job as it is now. */
export interface JobNowFacts {
  readonly job: JobFacts
  /** When it was ended for good. */
  readonly endedAt: Instant | null
  /** The first of its unfinished runs, by fire time. */
  readonly live: readonly RunFacts[]
  /** Its latest finished run. */
  readonly last: RunFacts | null
}

/** Why a job is as it is now. */
export function explainJob({ job, endedAt, live, last }: JobNowFacts): Explanation {
  const causes: Cause[] = []
  if (job.state === 'PAUSED') causes.push(explainPause(job, 'PAUSED'))
  else if (job.state !== 'ACTIVE')
    causes.push(
      cause(
        'ENDED',
        `The job was ended${job.failureReason === null ? '' : `: ${job.failureReason}`}`,
        { state: job.state, endedAt: shown(endedAt), failureReason: job.failureReason },
        'Create the job anew.',
      ),
    )
  let nextAt: Instant | null = null
  for (const run of live) {
    const told = explainWaiting(run)
    // That its runs are held is what the pause says already.
    for (const each of told.causes) if (each.code !== 'HELD_PAUSED') causes.push(of(run, each))
    nextAt ??= told.nextAt
  }
  if (last !== null) causes.push(of(last, explainRun(last).causes[0]!))
  return { causes, nextAt }
}

function of({ runId }: RunFacts, told: Cause): Cause {
  return { ...told, evidence: { runId, ...told.evidence } }
}
