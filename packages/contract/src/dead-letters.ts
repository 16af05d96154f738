import { type Static, Type } from 'typebox'
import { Instant, RunSummary } from './jobs.ts'

const nullableText = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description })

/** A run that failed for good, kept for its owner to see, replay or drop. */
export const DeadLetter = Type.Object({
  runId: Type.String({ examples: ['run_92daa91d-de99-4e82-8f1d-593f03a50ad8_1795466526777'] }),
  jobId: Type.String(),
  jobName: nullableText('Null where the job has none'),
  task: nullableText('As the payload names it'),
  reason: RunSummary.properties.reason,
  scheduledAt: Instant,
  failedAt: Instant,
  attempts: Type.Integer(),
  error: Type.Object(
    { message: Type.String(), name: Type.Optional(Type.String()) },
    { additionalProperties: true },
  ),
  replayOf: nullableText('The run that it replayed itself'),
  replayedAs: nullableText('The latest run that replays it'),
  dismissedAt: Type.Union([Instant, Type.Null()]),
})
export type DeadLetter = Static<typeof DeadLetter>

export const DeadLetterPage = Type.Object({
  letters: Type.Array(DeadLetter),
  cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'Of the next page; null on the last one',
  }),
})

export const DeadLetterDetails = Type.Object({
  ...DeadLetter.properties,
  payload: Type.Record(Type.String(), Type.Unknown(), { description: 'With which it failed' }),
})

const payload = Type.Optional(
  Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
    description: 'In place of the payload that failed',
  }),
)

export const ReplayLetter = Type.Object({ payload }, { additionalProperties: true })

export const LetterReplayed = Type.Object({
  runId: Type.String({ description: 'The new run' }),
  replayOf: Type.String(),
  jobId: Type.String(),
  scheduledAt: Instant,
  warnings: Type.Optional(Type.Array(Type.String())),
})

/** What narrows a list of dead letters. */
export const LetterFilterFields = {
  jobId: Type.Optional(Type.String()),
  task: Type.Optional(Type.String({ description: 'Letter case does not matter' })),
  from: Type.Optional(Type.String({ description: 'On failedAt, inclusive' })),
  to: Type.Optional(Type.String({ description: 'On failedAt, exclusive' })),
  error: Type.Optional(
    Type.String({ description: 'A part of the message; letter case does not matter' }),
  ),
}

/** More dead letters are not replayed or dismissed in one request. */
export const MAX_LETTERS = 1_000

/** Dead letters by name or by filter: one of the two. */
export const ChooseLetters = Type.Object(
  {
    runIds: Type.Optional(
      Type.Union([Type.Array(Type.String(), { minItems: 1, maxItems: MAX_LETTERS }), Type.Null()]),
    ),
    filter: Type.Optional(
      Type.Union([Type.Object(LetterFilterFields, { additionalProperties: true }), Type.Null()]),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_LETTERS,
        description: 'Of a filter: how many at most',
      }),
    ),
  },
  { additionalProperties: true },
)
export type ChooseLetters = Static<typeof ChooseLetters>

/** Dead letters to be run again, each with the payload that it failed with or all with another. */
export const ReplayLetters = Type.Object(
  { ...ChooseLetters.properties, payload },
  { additionalProperties: true },
)
export type ReplayLetters = Static<typeof ReplayLetters>

/** What became of many dead letters, each told once. */
export const LettersDone = Type.Object({
  done: Type.Array(
    Type.Object({
      runId: Type.String(),
      replayedAs: Type.Optional(Type.String({ description: 'The new run' })),
    }),
  ),
  notDone: Type.Array(
    Type.Object({ runId: Type.String(), code: Type.String(), message: Type.String() }),
  ),
  more: Type.Boolean({ description: 'Whether the filter finds more than were looked at' }),
  warnings: Type.Optional(Type.Array(Type.String())),
})
export type LettersDone = Static<typeof LettersDone>
