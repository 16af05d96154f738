import { executionModes, jobStatuses, jobTypes } from '@cronos/domain'
import { type Static, Type } from 'typebox'
import { policyFields, shownPolicies } from './policies.ts'

export const Instant = Type.String({
  format: 'date-time',
  description: 'ISO-8601 in UTC',
  examples: ['2026-11-23T20:44:00.000Z'],
})
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

const JobType = Type.Enum([...jobTypes])
const JobStatus = Type.Enum([...jobStatuses])

export const TimeZone = Type.Union([Type.String(), Type.Null()], {
  description: 'The IANA zone in which the cron expression is read; UTC unless told',
  examples: ['Europe/Berlin'],
})
const DstGap = Type.Enum(['skip', 'shift'], {
  description: 'A time that the clock jumps over is skipped, or shifted by as much as the clock',
})
const DstOverlap = Type.Enum(['both', 'first', 'second'], {
  description: 'A time that comes twice fires both times, or only the first or the second time',
})
export const Dst = Type.Union(
  [
    Type.Object(
      { gap: Type.Optional(DstGap), overlap: Type.Optional(DstOverlap) },
      { additionalProperties: true },
    ),
    Type.Null(),
  ],
  { description: 'What becomes of fire times that a change of the clock drops or repeats' },
)

/** What a job is asked for with; the rules between the fields are the service's. */
export const CreateJob = Type.Object(
  {
    jobType: JobType,
    executionMode: Type.Optional(
      Type.Union([Type.Enum([...executionModes]), Type.Null()], {
        description: 'IMMEDIATE or SCHEDULED for ONE_TIME jobs, absent for RECURRING ones',
      }),
    ),
    runAt: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'ISO-8601 with Z or an offset; for SCHEDULED jobs',
        examples: ['2026-11-23T20:44:00Z'],
      }),
    ),
    cronExpression: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: "Spring's six fields or a macro; for RECURRING jobs",
        examples: ['0 */2 * * * *'],
      }),
    ),
    every: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'Instead of a cron expression: an ISO-8601 duration of a fixed length',
        examples: ['PT15M'],
      }),
    ),
    anchorAt: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'The first fire time of every; so long after the creation unless told',
      }),
    ),
    startAt: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'The first instant at which a RECURRING job may fire',
      }),
    ),
    endAt: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'The first instant at which a RECURRING job no longer fires',
      }),
    ),
    timeZone: Type.Optional(TimeZone),
    dst: Type.Optional(Dst),
    ...policyFields,
    payload: Type.Record(Type.String(), Type.Unknown(), {
      description: 'task names what to run; the other keys are for the task',
      examples: [{ task: 'send_email', template: 'sending email job now' }],
    }),
  },
  { additionalProperties: true },
)
export type CreateJob = Static<typeof CreateJob>

export const JobCreated = Type.Object({
  jobId: Type.String({ examples: ['job_92daa91d-de99-4e82-8f1d-593f03a50ad8'] }),
  status: Type.Literal('SCHEDULED'),
  nextRunAt: Instant,
  warnings: Type.Optional(Type.Array(Type.String())),
})
export type JobCreated = Static<typeof JobCreated>

const MAX_BULK = 10_000

/** Jobs that are created together: all of them or none. */
export const CreateJobs = Type.Object(
  { jobs: Type.Array(CreateJob, { minItems: 1, maxItems: MAX_BULK }) },
  { additionalProperties: true },
)

export const JobsCreated = Type.Object({
  jobs: Type.Array(Type.Object(JobCreated.properties), { description: 'In the order asked for' }),
  warnings: Type.Optional(Type.Array(Type.String())),
})

/** A job in the plain list: always these eight fields. */
export const JobSummary = Type.Object({
  jobId: Type.String(),
  jobType: JobType,
  status: JobStatus,
  nextRunAt: Instant,
  createdAt: Instant,
  failureReason: nullable(Type.String()),
  failedAt: nullable(Instant),
  attempts: Type.Integer(),
})
export type JobSummary = Static<typeof JobSummary>

export const JobDetails = Type.Object({
  ...JobSummary.properties,
  executionMode: nullable(Type.Enum([...executionModes])),
  cronExpression: nullable(Type.String()),
  timeZone: Type.String({ examples: ['UTC'] }),
  dst: Type.Object({ gap: DstGap, overlap: DstOverlap }),
  every: nullable(Type.String()),
  anchorAt: nullable(Instant),
  startAt: nullable(Instant),
  endAt: nullable(Instant),
  ...shownPolicies,
  paused: Type.Union([Type.Object({ at: Instant, note: nullable(Type.String()) }), Type.Null()], {
    description: 'Since when, and what whoever paused it had to say',
  }),
  payload: Type.Record(Type.String(), Type.Unknown()),
  maxAttempts: Type.Integer(),
  updatedAt: Instant,
  version: Type.Integer({ description: 'Grows with each change; the ETag' }),
})
export type JobDetails = Static<typeof JobDetails>

export const RescheduleJob = Type.Object(
  { runAt: Type.String({ description: 'In the future', examples: ['2032-01-01T00:00:00Z'] }) },
  { additionalProperties: true },
)
export type RescheduleJob = Static<typeof RescheduleJob>

const RunError = Type.Object(
  { message: Type.String(), name: Type.Optional(Type.String()) },
  { additionalProperties: true, description: 'With its cause, an error too, where it has one' },
)

const AttemptError = Type.Object(
  {
    ...RunError.properties,
    stack: Type.Optional(Type.String({ description: 'Where it was thrown' })),
  },
  { additionalProperties: true, description: 'With its cause, an error too, where it has one' },
)

/** One fire of a job. */
export const RunSummary = Type.Object({
  runId: Type.String({ examples: ['run_92daa91d-de99-4e82-8f1d-593f03a50ad8_1795466526777'] }),
  jobId: Type.String(),
  scheduledAt: Instant,
  status: Type.Enum(['PENDING', 'DISPATCHED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']),
  reason: Type.Enum(['FIRE', 'MANUAL', 'REPLAY', 'CATCH_UP']),
  attempt: Type.Integer(),
  maxAttempts: Type.Integer(),
  fence: Type.Integer(),
  executor: nullable(Type.String()),
  claimedAt: nullable(Instant),
  publishedAt: nullable(Instant),
  startedAt: nullable(Instant),
  finishedAt: nullable(Instant),
  error: nullable(RunError),
})
export type RunSummary = Static<typeof RunSummary>

export const Attempt = Type.Object({
  attempt: Type.Integer(),
  startedAt: nullable(Instant),
  endedAt: nullable(Instant),
  executor: nullable(Type.String()),
  fence: Type.Integer(),
  outcome: Type.Enum(['SUCCEEDED', 'FAILED', 'LOST', 'HANDED_BACK', 'RUNNING', 'CANCELLED']),
  error: nullable(AttemptError),
})

export const ArtifactSummary = Type.Object({
  name: Type.String({ examples: ['report.pdf'] }),
  contentType: Type.String({ examples: ['application/pdf'] }),
  size: Type.Integer({ description: 'Bytes' }),
  createdAt: Instant,
})

const RunWhy = Type.Object({
  reason: RunSummary.properties.reason,
  fireTime: Type.Union([Instant, Type.Null()], {
    description:
      'The fire time of the trigger that it stands for; null where somebody asked for it',
  }),
  requestedBy: Type.Union([Type.String(), Type.Null()], { description: 'The id of who asked' }),
  replayOf: Type.Union([Type.String(), Type.Null()], { description: 'The run that it replays' }),
  retries: Type.Integer({ description: 'Attempts before the latest one' }),
})

export const Progress = Type.Object({
  fraction: Type.Union([Type.Number(), Type.Null()], { description: '0 to 1' }),
  done: nullable(Type.Number()),
  total: nullable(Type.Number()),
  message: nullable(Type.String()),
  at: Instant,
})
export type Progress = Static<typeof Progress>

export const RunDetails = Type.Object({
  ...RunSummary.properties,
  dueAt: Instant,
  tzdata: Type.Union([Type.String(), Type.Null()], {
    description: 'The version of the time zone data that a recurring fire was planned with',
  }),
  why: RunWhy,
  lateMs: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How long after it was due its first attempt started',
  }),
  progress: nullable(Progress),
  logLines: Type.Integer({ description: 'Lines to read at …/logs' }),
  replayedAs: Type.Union([Type.String(), Type.Null()], {
    description: 'The latest run that replays it',
  }),
  dismissedAt: nullable(Instant),
  output: nullable(Type.Object({}, { additionalProperties: true })),
  attempts: Type.Array(Attempt),
  artifacts: Type.Array(ArtifactSummary),
})
export type RunDetails = Static<typeof RunDetails>

/** A mail that was caught because no SMTP server is configured. */
export const MailSummary = Type.Object({
  mailId: Type.String({ examples: ['mail_92daa91d-de99-4e82-8f1d-593f03a50ad8_1795466526777'] }),
  runId: Type.String(),
  messageId: Type.String(),
  from: Type.String(),
  to: Type.Array(Type.String()),
  subject: Type.String(),
  size: Type.Integer({ description: 'Bytes of the whole message' }),
  createdAt: Instant,
})
export type MailSummary = Static<typeof MailSummary>

export const MailDetails = Type.Object({
  ...MailSummary.properties,
  text: Type.String(),
  html: Type.String(),
  raw: Type.String({ description: 'The whole message as an SMTP server would have got it' }),
})
export type MailDetails = Static<typeof MailDetails>
