import { type Static, Type } from 'typebox'
import { Instant } from './jobs.ts'

const LogLine = Type.Object({
  at: Instant,
  attempt: Type.Integer({ description: 'From 1' }),
  level: Type.Enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  message: Type.String(),
  fields: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
})
export type LogLine = Static<typeof LogLine>

/** A page of what a run's task logged, in the order it was logged. */
export const RunLog = Type.Object({
  lines: Type.Array(LogLine),
  cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'Where to read on. While the run goes on it is there even after its latest line',
  }),
})
export type RunLog = Static<typeof RunLog>
