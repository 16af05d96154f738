import { jobStatuses, jobTypes, type runStatuses } from '@cronos/domain'
import { type Static, Type } from 'typebox'
import { CreateJob, Instant } from './jobs.ts'

const Note = Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()], {
  description: 'Why, for whoever reads it later',
  examples: ['stocktaking until Monday'],
})

/** The body may be left out. */
export const PauseJob = Type.Union([
  Type.Object({ note: Type.Optional(Note) }, { additionalProperties: true }),
  Type.Null(),
])

export const JobPaused = Type.Object({
  jobId: Type.String(),
  status: Type.Literal('PAUSED'),
  paused: Type.Object({ at: Instant, note: Note }),
})

export const JobResumed = Type.Object({
  jobId: Type.String(),
  missed: Type.Integer({ description: 'Fire times that passed while the job was paused' }),
  skipped: Type.Integer({ description: 'Of these, how many get no run of their own' }),
  became: Type.Enum(['NOTHING', 'ONE_RUN', 'SKIPPED', 'CATCH_UP'], {
    description: 'What the misfire policy made of them',
  }),
  nextRunAt: Instant,
})

export const JobTriggered = Type.Object({
  runId: Type.String({ examples: ['run_92daa91d-de99-4e82-8f1d-593f03a50ad8_1795466526777'] }),
})

export const RunCancelled = Type.Object({
  runId: Type.String(),
  status: Type.Enum(['CANCELLED', 'RUNNING'] satisfies (typeof runStatuses)[number][], {
    description: 'RUNNING: its executor was asked to end it',
  }),
  cancelAt: Type.Union([Instant, Type.Null()], {
    description: 'Until when a RUNNING one has time to end by itself',
  }),
})

/** A job with some fields otherwise. */
export const CloneJob = Type.Union([
  Type.Object(
    {
      overrides: Type.Optional(
        Type.Object(Type.Partial(CreateJob).properties, {
          additionalProperties: true,
          description: 'Fields of a creation that the clone has otherwise',
        }),
      ),
    },
    { additionalProperties: true },
  ),
  Type.Null(),
])

/** What is left out stays, null is the default; the payload is merged key by key. */
export const EditJob = Type.Object(Type.Partial(CreateJob).properties, {
  additionalProperties: true,
})
export type EditJob = Static<typeof EditJob>

/** As many jobs as one request may control. */
const MAX_CONTROLLED = 1_000

const optional = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

const Filter = Type.Object(
  {
    namePrefix: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'With which the name begins' }),
    ),
    name: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'Contained in the name; in any letter case',
      }),
    ),
    tag: Type.Optional(
      Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 20 }), Type.Null()], {
        description: 'A tag, or several that a job must all have',
      }),
    ),
    task: optional(Type.String()),
    status: optional(Type.Enum([...jobStatuses])),
    jobType: optional(Type.Enum([...jobTypes])),
    from: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'On createdAt, inclusive' }),
    ),
    to: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'On createdAt, inclusive' }),
    ),
  },
  { additionalProperties: true, description: 'The jobs for which all of these hold' },
)

/** Which jobs: by their ids or by a filter, one of the two. */
export const ControlJobs = Type.Object(
  {
    jobIds: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: MAX_CONTROLLED })),
    filter: Type.Optional(Filter),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_CONTROLLED,
        description: 'Of a filter: the oldest so many jobs, 1,000 unless told',
      }),
    ),
    note: Type.Optional(Note),
  },
  { additionalProperties: true },
)
export type ControlJobs = Static<typeof ControlJobs>

const Done = Type.Object(
  { jobId: Type.String() },
  { additionalProperties: true, description: 'With what the same control of one job answers' },
)

export const JobsControlled = Type.Object({
  done: Type.Array(Done),
  notDone: Type.Array(
    Type.Object({ jobId: Type.String(), code: Type.String(), reason: Type.String() }),
  ),
  more: Type.Boolean({ description: 'The filter meant more jobs than the limit' }),
  warnings: Type.Optional(Type.Array(Type.String())),
})
export type JobsControlled = Static<typeof JobsControlled>
