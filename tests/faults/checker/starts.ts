import type { Violation } from './check.ts'
import { type History, runName } from './history.ts'

export interface StartCounts {
  readonly executions: number
  /** Jobs that were cancelled, and how many executions they had before. */
  readonly cancelled: number
}

/** Promises 3 and 7: nothing runs before its fire time, and nothing of a cancelled job after. */
export function checkStarts(history: History): { violations: Violation[]; counts: StartCounts } {
  const { executions, cancels, runs } = history
  const violations: Violation[] = []
  const cancelledAt = new Map<string, number>()
  for (const { jobId, status, answeredAt } of cancels)
    if (status === 204) cancelledAt.set(jobId, answeredAt)

  const known = new Set(runs.map(runName))
  for (const execution of executions) {
    const { jobId, scheduledAt, begunAt } = execution
    if (begunAt < scheduledAt)
      violations.push({
        ...{ promise: 3, kind: 'early start' },
        message: `${runName(execution)} began ${scheduledAt - begunAt} ms before its time`,
      })
    if (begunAt > (cancelledAt.get(jobId) ?? Number.POSITIVE_INFINITY))
      violations.push({
        ...{ promise: 7, kind: 'start after cancel' },
        message: `${runName(execution)} began at ${begunAt}, after its job was cancelled`,
      })
    if (!known.has(runName(execution)))
      violations.push({
        ...{ promise: 2, kind: 'ran without record' },
        message: `${runName(execution)} was executed and is on no record`,
      })
  }
  violations.push(...checkMoves(history))
  return {
    violations,
    counts: { executions: executions.length, cancelled: cancelledAt.size },
  }
}

/** A job that was moved runs at the new instant, and not at an earlier one. */
function checkMoves({ moves, executions }: History): Violation[] {
  const done = moves.filter(move => move.status === 204)
  return done.flatMap(move =>
    executions
      .filter(each => each.jobId === move.jobId && each.begunAt > move.answeredAt)
      .filter(each => !mayRunAt(each.scheduledAt, move, moves))
      .map(each => ({
        ...({ promise: 7, kind: 'start at the old instant' } as const),
        message: `${runName(each)} began though its job was moved to ${move.runAt}`,
      })),
  )
}

/** A later move, or one whose answer was lost, may have decided otherwise. */
function mayRunAt(at: number, move: History['moves'][number], moves: History['moves']): boolean {
  if (at === move.runAt) return true
  return moves.some(
    other => other.jobId === move.jobId && other.runAt === at && other.sentAt >= move.sentAt,
  )
}
