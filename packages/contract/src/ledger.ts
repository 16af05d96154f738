import { type Static, Type } from 'typebox'
import { Instant } from './jobs.ts'

const FireRange = Type.Object(
  { from: Instant, to: Instant, count: Type.Integer() },
  { description: 'The first and the last fire time of a span, and how many are in it' },
)

/** Whether each fire time of a job was settled once. */
export const Ledger = Type.Object({
  from: Instant,
  to: Type.String({
    format: 'date-time',
    description: 'The first instant after the fire times that were looked at; never in the future',
  }),
  horizon: Type.Union([Instant, Type.Null()], {
    description: 'History from before it is not kept whole; null while nothing was deleted',
  }),
  balanced: Type.Boolean({
    description: 'No gap, no duplicate, no unexpected run, and the next fire time has its run',
  }),
  expected: Type.Integer({
    description: 'Fire times, computed anew: those accounted for, the missing and the pending',
  }),
  accounted: Type.Integer({ description: 'Settled by a run or by a record that says why not' }),
  runs: Type.Integer({ description: 'Of those accounted for: by a run of their own' }),
  skipped: Type.Object(
    {
      MISFIRE: Type.Integer(),
      OVERLAP: Type.Integer(),
      EXPIRED: Type.Integer(),
      PAUSED: Type.Integer(),
    },
    { description: 'Of those accounted for: without a run, by the policy that said so' },
  ),
  withdrawn: Type.Integer({
    description:
      'Of those accounted for: overdue when the job was ended, gone with its waiting run',
  }),
  moved: Type.Integer({
    description: 'Runs at instants that would not be planned today, and rightly were then',
  }),
  pending: Type.Integer({ description: 'Not settled yet, and still to be' }),
  missing: Type.Integer({ description: 'Not settled' }),
  gaps: Type.Array(FireRange, { description: 'Where they are missing; the first 100' }),
  repeated: Type.Integer({ description: 'Settled more than once' }),
  duplicates: Type.Array(FireRange, { description: 'Which were; the first 100' }),
  strays: Type.Integer({ description: 'Runs at instants that no trigger asked for' }),
  unexpected: Type.Array(FireRange, { description: 'At which; the first 100' }),
  stalled: Type.Boolean({ description: 'The job should fire again, and nothing waits that will' }),
})
export type Ledger = Static<typeof Ledger>
