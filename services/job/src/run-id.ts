import { CronosError } from '@cronos/contract'
import { parseRunId, type RunKey } from '@cronos/domain'
import { quote } from './quote.ts'

/** @throws {CronosError} RUN_NOT_FOUND when the text is no run id: there can be no such run */
export function runKeyOf(runId: string): RunKey {
  const key = parseRunId(runId)
  if (key === null) throw unknownRun(runId)
  return key
}

export function unknownRun(runId: string): CronosError {
  return new CronosError('RUN_NOT_FOUND', `There is no run ${quote(runId)}`)
}
