import { CronosError, type EditJob } from '@cronos/contract'
import {
  defaultPolicies,
  type Instant,
  type JobId,
  type JobStatus,
  parseJobId,
  parseRunId,
  type RunId,
  type RunKey,
  runIdOf,
  type UserId,
} from '@cronos/domain'
import type { Repeatable } from '@cronos/runtime'
import {
  type Changed,
  type Control,
  cancelRun,
  controlJob,
  deleting,
  editJob,
  type JobDetails,
  type Paused,
  type Pool,
  pausing,
  type Resumed,
  readJob,
  resuming,
  triggering,
} from '@cronos/store'
import { readEdit } from './edit.ts'
import { isMeantFor } from './if-match.ts'
import { keepOrRefuse } from './kept-inserts.ts'
import type { Named } from './policies.ts'
import { quote } from './quote.ts'

export interface ControlsDeps {
  readonly db: Pool
  /** Tells the schedulers that a run is due in so many milliseconds. */
  readonly tellWake: (inMs: number) => void
}

export interface ControlsConfig {
  /** Attempts that a run gets where its job asks for none. */
  readonly maxAttempts: number
  /** How long a running attempt gets to end when it is cancelled. */
  readonly graceMs: number
}

/** What owners do with jobs and runs that are under way. */
export interface Controls {
  pause(owner: UserId, jobId: string, note: string | null): Promise<Paused>
  resume(owner: UserId, jobId: string): Promise<Resumed>
  /** Resolves when the run is committed, and with it the answer to a request that has a key. */
  trigger(owner: UserId, jobId: string, repeatable?: Repeatable | null): Promise<RunId>
  delete(owner: UserId, jobId: string): Promise<void>
  /** Answers the job as it is then. */
  edit(owner: UserId, jobId: string, body: EditJob, ifMatch?: string): Promise<JobDetails>
  /** Until when a run that is going on has time to end; null where it is cancelled. */
  cancelRun(owner: UserId, runId: string): Promise<Instant | null>
}

/** Triggers, and keeps the answer to a request with a key, together or not at all. */
function triggeringOnce(repeatable: Repeatable | null): typeof triggering {
  if (repeatable === null) return triggering
  return {
    allows: triggering.allows,
    async change(tx, locked, owner) {
      const triggered = await triggering.change(tx, locked, owner)
      const answers = triggered.map(({ run }) => repeatable.answer(202, { runId: runIdOf(run) }))
      await keepOrRefuse(tx, answers)
      return triggered
    },
  }
}

export function openControls({ db, tellWake }: ControlsDeps, config: ControlsConfig): Controls {
  const { maxAttempts, graceMs } = config
  const defaults: Named = { ...defaultPolicies, name: null, tags: [], maxAttempts }

  return {
    pause: (owner, jobId, note) => control(owner, jobId, pausing(note), 'paused'),

    async resume(owner, jobId) {
      const resumed = await control(owner, jobId, resuming, 'resumed')
      tellWake(resumed.dueInMs)
      return resumed
    },

    async trigger(owner, jobId, repeatable = null) {
      const { run } = await control(owner, jobId, triggeringOnce(repeatable), 'triggered')
      tellWake(0)
      return runIdOf(run)
    },

    async delete(owner, jobId) {
      await control(owner, jobId, deleting(graceMs), 'deleted')
    },

    async edit(owner, jobId, body, ifMatch) {
      const id = idOf(jobId)
      const edited = await editJob(
        db,
        id,
        owner,
        version => isMeantFor(ifMatch, version),
        (job, now) => readEdit(body, job, defaults, now),
      )
      switch (edited.kind) {
        case 'done': {
          if (edited.changed) tellWake(edited.dueInMs)
          const job = await readJob(db, id, owner)
          if (job === null) throw unknownJob(jobId)
          return job
        }
        case 'unknown':
          throw unknownJob(jobId)
        case 'stale':
          throw new CronosError(
            'VERSION_STALE',
            `If-Match must be "${edited.version}", the job's present version, got ${quote(ifMatch ?? '')}`,
          )
        case 'refused':
          throw refusal('changed', edited.status)
        case 'begun':
          throw refusal('rescheduled', edited.status)
        case 'past':
          throw invalid(`runAt must be in the future, got ${body.runAt}`)
        case 'never fires':
          throw invalid('the trigger must have a fire time after now, this one never fires again')
        default:
          return edited satisfies never
      }
    },

    async cancelRun(owner, runId) {
      const cancelled = await cancelRun(db, runKeyOf(runId), owner, graceMs)
      switch (cancelled.kind) {
        case 'cancelled':
          return null
        case 'asked':
          return cancelled.cancelAt
        case 'unknown':
          throw unknownRun(runId)
        case 'refused':
          throw invalid(`Run cannot be cancelled in status ${cancelled.status}`)
        default:
          return cancelled satisfies never
      }
    },
  }

  async function control<Done extends object>(
    owner: UserId,
    jobId: string,
    control: Control<Done>,
    doing: string,
  ): Promise<Done> {
    const changed: Changed<Done> = await controlJob(db, control, idOf(jobId), owner)
    if (changed.kind === 'unknown') throw unknownJob(jobId)
    if (changed.kind === 'refused') throw refusal(doing, changed.status)
    return changed
  }
}

function runKeyOf(text: string): RunKey {
  const key = parseRunId(text)
  if (key === null) throw unknownRun(text)
  return key
}

function idOf(text: string): JobId {
  const jobId = parseJobId(text)
  if (jobId === null) throw unknownJob(text)
  return jobId
}

/** @param doing what was asked for, as a participle */
export function refusalText(doing: string, status: JobStatus): string {
  return `Job cannot be ${doing} in status ${status}`
}

function refusal(doing: string, status: JobStatus): CronosError {
  return invalid(refusalText(doing, status))
}

function unknownJob(jobId: string): CronosError {
  return new CronosError('JOB_NOT_FOUND', `There is no job ${quote(jobId)}`)
}

function unknownRun(runId: string): CronosError {
  return new CronosError('RUN_NOT_FOUND', `There is no run ${quote(runId)}`)
}

function invalid(message: string): CronosError {
  return new CronosError('INVALID_REQUEST', message)
}
