import { type Static, Type } from 'typebox'
import { Dst, Instant, TimeZone } from './jobs.ts'

/** Asks what a cron expression means, without a job. */
export const PreviewCron = Type.Object(
  {
    cronExpression: Type.String({ examples: ['0 30 2 * * MON-FRI'] }),
    timeZone: Type.Optional(TimeZone),
    dst: Type.Optional(Dst),
    count: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 100 }), Type.Null()], {
        description: 'Fire times to show; 10 unless told',
      }),
    ),
    after: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'The fire times after this instant; after now unless told',
        examples: ['2026-11-23T20:44:00Z'],
      }),
    ),
  },
  { additionalProperties: true },
)
export type PreviewCron = Static<typeof PreviewCron>

export const CronPreview = Type.Object({
  cronExpression: Type.String({ description: 'As Cronos writes it' }),
  words: Type.String({ examples: ['at 02:30:00, on Monday through Friday'] }),
  timeZone: Type.String(),
  tzdata: Type.String({ description: 'The version of the time zone data', examples: ['2026b'] }),
  fires: Type.Array(
    Type.Object({
      at: Type.Union([Instant, Type.Null()], { description: 'Null for a time that is dropped' }),
      local: Type.String({ examples: ['2026-03-29T03:30:00+02:00'] }),
      dst: Type.Optional(Type.Enum(['moved', 'doubled', 'dropped'])),
    }),
  ),
  warnings: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})
export type CronPreview = Static<typeof CronPreview>

export const Forecast = Type.Object({
  from: Instant,
  to: Instant,
  bucket: Type.String({ examples: ['1h'] }),
  jobs: Type.Integer({ description: 'Recurring jobs that were counted' }),
  buckets: Type.Array(
    Type.Object({
      from: Instant,
      fires: Type.Integer({ description: 'Fire times of all your jobs in the bucket' }),
      busySlots: Type.Union([Type.Number(), Type.Null()], {
        description: 'Slots that their runs occupy on average, by how long earlier runs took',
      }),
    }),
  ),
})
export type Forecast = Static<typeof Forecast>
