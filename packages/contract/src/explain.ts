import { causeCodes } from '@cronos/domain'
import { type Static, Type } from 'typebox'
import { Instant } from './jobs.ts'

const Evidence = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  { description: 'What it is told from' },
)

const Cause = Type.Object({
  code: Type.Enum([...causeCodes], { description: 'docs/explain.md tells each' }),
  message: Type.String({ description: 'One sentence for the person who asks' }),
  evidence: Evidence,
  remedy: Type.Union([Type.String(), Type.Null()], {
    description: 'What to do where that is not as wanted',
  }),
})

/** Why something is as it is. */
export const Explanation = Type.Object({
  causes: Type.Array(Cause, { description: 'From the most telling on' }),
  nextAt: Type.Union([Instant, Type.Null()], {
    description: 'When something is to happen next, as far as that is known',
  }),
})
export type Explanation = Static<typeof Explanation>
