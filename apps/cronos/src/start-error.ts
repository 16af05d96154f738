import { LocalPostgresError } from '@cronos/local-postgres'
import { explainFailure } from '@cronos/runtime'

/** Why Cronos cannot start here, in one line for the person who started it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What ended the process, one line for each thing that a person can set right. */
export function explain(error: unknown): readonly string[] {
  const isForPeople = error instanceof StartError || error instanceof LocalPostgresError
  return isForPeople ? [error.message] : explainFailure(error)
}
