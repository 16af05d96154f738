import { priorities } from '@cronos/domain'
import { type Static, Type } from 'typebox'
import { JobSummary, RunSummary } from './jobs.ts'

const Next = Type.Union([Type.String(), Type.Null()], {
  description: 'The cursor of the next page; null when there is none',
})

/** A job in a search: what the plain list says, and what searches are made by. */
export const FoundJob = Type.Object({
  ...JobSummary.properties,
  name: Type.Union([Type.String(), Type.Null()]),
  tags: Type.Array(Type.String()),
  priority: Type.Enum([...priorities]),
  task: Type.Union([Type.String(), Type.Null()]),
})
export type FoundJob = Static<typeof FoundJob>

export const JobsFound = Type.Object({ jobs: Type.Array(FoundJob), next: Next })

export const RunsFound = Type.Object({ runs: Type.Array(RunSummary), next: Next })
