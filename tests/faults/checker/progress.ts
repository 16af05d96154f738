import type { Limits, Violation } from './check.ts'
import { type History, type RunRecord, runName } from './history.ts'
import { type Windows, windowsOf } from './windows.ts'

export interface ProgressCounts {
  /** The longest that a run waited for its first start while no fault was at work, in milliseconds. */
  readonly longestWaitMs: number
  /** The part of the time in which a wait needs a reason, because no fault was at work. */
  readonly quietShare: number
}

/**
 * Promise 4: no run stays unfinished. Whatever a run waited for beyond its time, a fault explains;
 * and in the end all that was due is finished.
 */
export function checkProgress(
  history: History,
  limits: Limits,
): { violations: Violation[]; counts: ProgressCounts } {
  const { runs, readAt } = history
  const windows = windowsOf(history.faults, limits.recoveryMs)
  const begun = firstBegun(history)
  const waits = runs.map(run => ({ run, ms: unexplainedWait(run, begun, windows) }))
  const violations = [
    ...runs.flatMap(run => checkFinished(run, readAt)),
    ...waits.filter(({ ms }) => ms > limits.patienceMs).map(lateStart),
    ...checkOverdue(history, windows, limits),
    ...checkRetries(history, windows, limits),
    ...checkAttempts(history, windows, limits),
  ]
  const from = Math.min(readAt - 1, ...history.asked.slice(0, 1).map(each => each.sentAt))
  const counts = {
    longestWaitMs: waits.reduce((longest, { ms }) => Math.max(longest, ms), 0),
    quietShare: Math.round((100 * windows.uncovered(from, readAt)) / (readAt - from)) / 100,
  }
  return { violations, counts }
}

function checkFinished(run: RunRecord, readAt: number): Violation[] {
  if (run.done || run.scheduledAt > readAt) return []
  return [violation('run stuck', `${runName(run)} was due and is still ${run.status}`)]
}

/** When a first attempt of each run began, by whoever saw it first. */
function firstBegun({ executions, attempts, runs }: History): Map<string, number> {
  const begun = new Map<string, number>()
  const note = (name: string, at: number | null) => {
    if (at !== null) begun.set(name, Math.min(at, begun.get(name) ?? at))
  }
  for (const execution of executions) note(runName(execution), execution.begunAt)
  for (const attempt of attempts) note(runName(attempt), attempt.startedAt)
  for (const run of runs) note(runName(run), run.startedAt)
  return begun
}

/** How long a run that has begun waited for it without a reason, in milliseconds. */
function unexplainedWait(
  run: RunRecord,
  begun: ReadonlyMap<string, number>,
  windows: Windows,
): number {
  const at = begun.get(runName(run))
  return at === undefined ? 0 : windows.uncovered(run.scheduledAt, at)
}

function lateStart({ run, ms }: { run: RunRecord; ms: number }): Violation {
  return violation('late start', `${runName(run)} began ${ms} ms later than faults can explain`)
}

/** While the test was going on nothing lay about for longer than faults explain. */
function checkOverdue({ overdue }: History, windows: Windows, limits: Limits): Violation[] {
  return overdue
    .filter(({ wakeAt, lookedAt }) => windows.uncovered(wakeAt, lookedAt) > limits.patienceMs)
    .map(run => {
      const ms = windows.uncovered(run.wakeAt, run.lookedAt)
      return violation('run left alone', `${runName(run)}, ${run.status}, lay about for ${ms} ms`)
    })
}

/** After an attempt comes the next one, as soon as its backoff is over. */
function checkRetries(history: History, windows: Windows, limits: Limits): Violation[] {
  const executions = Map.groupBy(history.executions, runName)
  const last = new Map(history.runs.map(run => [runName(run), run]))
  return history.attempts.flatMap(attempt => {
    const name = runName(attempt)
    const later = (executions.get(name) ?? [])
      .filter(each => each.fence > attempt.fence)
      .map(each => each.begunAt)
    const run = last.get(name)
    if (run?.startedAt != null && run.fence > attempt.fence) later.push(run.startedAt)
    if (later.length === 0) return []
    const from = attempt.endedAt + limits.backoffMs
    const waited = windows.uncovered(from, Math.min(...later))
    if (waited <= limits.patienceMs) return []
    return [violation('late retry', `${name} waited ${waited} ms longer than faults can explain`)]
  })
}

/** An attempt ends with its task; one whose executor was lost, as soon as that can be known. */
function checkAttempts(history: History, windows: Windows, limits: Limits): Violation[] {
  const last = history.runs.flatMap(run =>
    run.finishedAt === null ? [] : [{ ...run, endedAt: run.finishedAt }],
  )
  return [...history.attempts, ...last].flatMap(attempt => {
    const { startedAt, endedAt } = attempt
    if (startedAt === null) return []
    const tookMs = windows.uncovered(startedAt, endedAt) - limits.taskMs
    if (tookMs <= limits.patienceMs) return []
    const message = `${runName(attempt)} went on for ${tookMs} ms longer than faults can explain`
    return [violation('long attempt', message)]
  })
}

function violation(kind: string, message: string): Violation {
  return { promise: 4, kind, message }
}
