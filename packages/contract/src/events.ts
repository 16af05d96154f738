import { type Static, Type } from 'typebox'
import { Attempt, Instant, JobSummary, Progress, RunSummary } from './jobs.ts'

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

/** The data of `job.created` and `job.changed`. */
export const JobTouched = Type.Object({ ...JobSummary.properties, version: Type.Integer() })
export type JobTouched = Static<typeof JobTouched>

/** The data of `run.retrying`: an attempt has ended and was not the run's last. */
export const RunRetrying = Type.Object({
  runId: Type.String(),
  jobId: Type.String(),
  attempt: Type.Integer(),
  outcome: Type.Enum(['FAILED', 'LOST', 'HANDED_BACK', 'CANCELLED']),
  error: RunSummary.properties.error,
  endedAt: nullable(Instant),
  nextAttemptAt: nullable(Instant),
})
export type RunRetrying = Static<typeof RunRetrying>

/** The data of `run.progress`. */
export const RunProgressed = Type.Object({
  runId: Type.String(),
  jobId: Type.String(),
  progress: nullable(Progress),
})
export type RunProgressed = Static<typeof RunProgressed>

/** The data of `run`, on the stream of one run. */
export const RunFollowed = Type.Object({
  ...RunSummary.properties,
  nextAttemptAt: nullable(Instant),
  hold: nullable(Type.Enum(['PAUSED', 'UNKNOWN'])),
  attempts: Type.Array(Attempt),
  progress: nullable(Progress),
})
export type RunFollowed = Static<typeof RunFollowed>

/** What each event of a user's stream carries. */
export const userEvents = {
  ready: Type.Object({}),
  overflow: Type.Object({}),
  'job.created': JobTouched,
  'job.changed': JobTouched,
  'job.deleted': Type.Object({ jobId: Type.String() }),
  'run.dispatched': RunSummary,
  'run.started': RunSummary,
  'run.progress': RunProgressed,
  'run.retrying': RunRetrying,
  'run.finished': RunSummary,
  end: Type.Object({ reason: Type.String() }),
} as const
export type UserEvent = keyof typeof userEvents
