import type { Violation } from './check.ts'
import { type Execution, type History, type RunRecord, runName } from './history.ts'

/**
 * Promise 5: only who held the run last wrote its end. What is on record as a success was really
 * answered so to the holder of that fence, and no later holder was overruled.
 */
export function checkFences({ runs, attempts, executions }: History): Violation[] {
  const executed = Map.groupBy(executions, runName)
  const tried = Map.groupBy(attempts, runName)
  const done = runs.filter(run => run.done && run.status !== 'CANCELLED')
  return done.flatMap(run => {
    const of = executed.get(runName(run)) ?? []
    const fences = [...of, ...(tried.get(runName(run)) ?? [])].map(each => each.fence)
    return [...checkLast(run, fences), ...checkSuccess(run, of)]
  })
}

function checkLast(run: RunRecord, fences: readonly number[]): Violation[] {
  const highest = Math.max(...fences, 0)
  if (run.fence >= highest) return []
  return [
    violation(
      'fenced-out write',
      `${runName(run)} was recorded by fence ${run.fence}, though ${highest} had it`,
    ),
  ]
}

function checkSuccess(run: RunRecord, executions: readonly Execution[]): Violation[] {
  if (run.status !== 'SUCCEEDED') return []
  const own = executions.filter(each => each.fence === run.fence && each.attempt === run.attempt)
  if (own.some(each => each.answered !== null && each.answered < 300)) return []
  return [
    violation(
      'success out of nothing',
      `${runName(run)} is on record as a success of fence ${run.fence}, which had no good answer`,
    ),
  ]
}

function violation(kind: string, message: string): Violation {
  return { promise: 5, kind, message }
}
