import { type Static, Type } from 'typebox'

/** What a person found out about a run that is held because its executor vanished. */
export const ResolveRun = Type.Object(
  {
    as: Type.Enum(['retry', 'succeeded', 'failed'], {
      description: 'Another attempt, or how the lost one has ended',
      examples: ['succeeded'],
    }),
  },
  { additionalProperties: true },
)
export type ResolveRun = Static<typeof ResolveRun>
