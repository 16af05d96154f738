import type { JobTouched, RunProgressed, RunRetrying, UserEvent } from '@cronos/contract'
import { type Instant, instant, type RunKey, runIdOf, type UserId } from '@cronos/domain'
import type { ServerEvent } from '@cronos/runtime'
import type { EndedAttempt, InFlight, Look, TouchedJob } from '@cronos/store'
import { textOf } from '../instant-text.ts'
import { toSummary } from '../job-summary.ts'
import { toError, toProgress, toRunSummary } from '../run-routes.ts'

/**
 * A look begins so long before the last one ended, in milliseconds: a transaction that is committed
 * later than this after its own clock is not told of.
 */
export const OVERLAP_MS = 5_000
/** What was told is remembered for longer than it can come again, in milliseconds. */
const REMEMBERED_MS = 4 * OVERLAP_MS

/** Tells one owner's client what each look adds to what it knows. */
export interface JobFollower {
  /** What is new to the client, in an order that makes sense; each event carries the look's id. */
  take(look: Look): ServerEvent[]
}

export function followJobs(owner: UserId): JobFollower {
  /** Names of what was told, and when. */
  const told = new Map<string, Instant>()
  /** Of runs under way: the name of their latest state, and when it was last seen. */
  const states = new Map<string, { state: string; progress: Instant | null; seen: Instant }>()

  return {
    take(look) {
      const id = String(look.now)
      const events: ServerEvent[] = []
      const tell: Tell = (event, data) => {
        events.push({ event, id, data })
      }
      if (look.isCut) tell('overflow', {})
      for (const job of mine(look.jobs)) if (isNews(nameOfJob(job), look.now)) tell(...ofJob(job))
      for (const attempt of mine(look.ended))
        if (isNews(nameOfAttempt(attempt), look.now)) tell('run.retrying', toRetry(attempt))
      for (const run of mine(look.inFlight)) tellState(run, look.now, tell)
      for (const run of mine(look.finished)) {
        states.delete(runIdOf(run))
        if (isNews(`${runIdOf(run)} finished`, look.now)) tell('run.finished', toRunSummary(run))
      }
      forget(look.now)
      return events
    },
  }

  function mine<Row extends { readonly owner: UserId }>(rows: readonly Row[]): Row[] {
    return rows.filter(row => row.owner === owner)
  }

  function isNews(name: string, now: Instant): boolean {
    const known = told.has(name)
    if (!known) told.set(name, now)
    return !known
  }

  function tellState(run: InFlight, now: Instant, tell: Tell): void {
    const runId = runIdOf(run)
    const state = `${run.status} ${run.fence}`
    const progress = run.progress?.at ?? null
    const known = states.get(runId)
    states.set(runId, { state, progress, seen: now })
    if (known?.state !== state)
      tell(run.status === 'RUNNING' ? 'run.started' : 'run.dispatched', toRunSummary(run))
    if (progress === null || progress === known?.progress) return
    const data: RunProgressed = { runId, jobId: run.jobId, progress: toProgress(run.progress) }
    tell('run.progress', data)
  }

  function forget(now: Instant): void {
    const long = instant(now - REMEMBERED_MS)
    for (const [name, at] of told) if (at < long) told.delete(name)
    for (const [runId, { seen }] of states) if (seen < long) states.delete(runId)
  }
}

type Tell = (event: UserEvent, data: object) => void

function nameOfJob({ jobId, version, state }: TouchedJob): string {
  return `${jobId} ${version} ${state}`
}

function ofJob({ jobId, job, version, isNew }: TouchedJob): [event: UserEvent, data: object] {
  if (job === null) return ['job.deleted', { jobId }]
  const data: JobTouched = { ...toSummary(job), version }
  return [isNew ? 'job.created' : 'job.changed', data]
}

function nameOfAttempt(attempt: RunKey & { readonly attempt: number; readonly fence: number }) {
  return `${runIdOf(attempt)} ${attempt.attempt} ${attempt.fence}`
}

function toRetry(attempt: EndedAttempt): RunRetrying {
  const { jobId, outcome, error, nextAttemptAt } = attempt
  return {
    ...{ runId: runIdOf(attempt), jobId, attempt: attempt.attempt, outcome },
    error: toError(error),
    endedAt: textOf(attempt.endedAt),
    nextAttemptAt: textOf(nextAttemptAt),
  }
}
