import type { Limits, Violation } from './check.ts'
import { type Asked, type Execution, type History, type RunRecord, runName } from './history.ts'
import { type Windows, windowsOf } from './windows.ts'

export interface RepeatCounts {
  /** Executions beyond those that the jobs' own failures ask for: faults explain them. */
  readonly repeated: number
  /** Attempts whose executor vanished. */
  readonly lost: number
  /** Attempts that a stopping executor gave back. */
  readonly handedBack: number
  /** Runs that ended otherwise than their target would have it: faults explain them. */
  readonly spoiled: number
}

/**
 * A task runs at least once: more often than its failures ask for only where a fault explains it.
 * Each attempt runs once, and each run ends as its target has it.
 */
export function checkRepeats(
  history: History,
  limits: Limits,
): { violations: Violation[]; counts: RepeatCounts } {
  const windows = windowsOf(history.faults, limits.recoveryMs)
  const violations = checkOncePerFence(history.executions)
  const behaviours = new Map(history.asked.map(each => [each.jobId ?? each.name, each]))
  const names = new Map(history.jobs.map(job => [job.jobId, job.name]))
  const executed = Map.groupBy(history.executions, runName)
  const counts = { repeated: 0, lost: 0, handedBack: 0, spoiled: 0 }

  for (const { outcome, endedAt, startedAt, ...attempt } of history.attempts) {
    if (outcome === 'LOST') counts.lost++
    if (outcome === 'HANDED_BACK') counts.handedBack++
    if (outcome === 'FAILED' || windows.touches(startedAt ?? endedAt, endedAt)) continue
    violations.push(violation('unexplained attempt', `${runName(attempt)} was ${outcome}`))
  }
  for (const run of history.runs) {
    if (!run.done || run.status === 'CANCELLED') continue
    const asked = behaviours.get(run.jobId) ?? behaviours.get(names.get(run.jobId) ?? '')
    if (asked === undefined) continue
    const expected = expectedEnd(asked)
    const executions = executed.get(runName(run)) ?? []
    counts.repeated += Math.max(0, executions.length - expected.attempts)
    if (run.status === expected.status && executions.length === expected.attempts) continue
    if (run.status !== expected.status) counts.spoiled++
    if (isExplained(run, windows)) continue
    violations.push(
      violation(
        'wrong end',
        `${runName(run)} (${asked.behaviour.kind}) ended ${run.status} after ${executions.length} ` +
          `executions instead of ${expected.status} after ${expected.attempts}: ${run.error}`,
      ),
    )
  }
  return { violations, counts }
}

/** What a run comes to when nothing goes wrong but its target. */
function expectedEnd({ behaviour, maxAttempts }: Asked): { status: string; attempts: number } {
  switch (behaviour.kind) {
    case 'ok':
    case 'slow':
      return { status: 'SUCCEEDED', attempts: 1 }
    case 'flaky':
      return behaviour.failures < maxAttempts
        ? { status: 'SUCCEEDED', attempts: behaviour.failures + 1 }
        : { status: 'FAILED', attempts: maxAttempts }
    case 'broken':
      return { status: 'FAILED', attempts: 1 }
    case 'hang':
      return { status: 'FAILED', attempts: maxAttempts }
    default:
      return behaviour satisfies never
  }
}

function isExplained(run: RunRecord, windows: Windows): boolean {
  return windows.touches(run.scheduledAt, run.finishedAt ?? run.scheduledAt)
}

/** A fence is one start of one attempt by one executor, which calls once. */
function checkOncePerFence(executions: readonly Execution[]): Violation[] {
  const byFence = Map.groupBy(executions, each => `${runName(each)} fence ${each.fence}`)
  return [...byFence]
    .filter(([, each]) => each.length > 1)
    .map(([name, each]) => violation('attempt ran twice', `${name} ran ${each.length} times`))
}

function violation(kind: string, message: string): Violation {
  return { promise: 2, kind, message }
}
