import { type DeadLetter, formatInstant, runIdOf } from '@cronos/domain'
import type { EncodedMessage } from './job-event.ts'

/** Longer messages of errors are cut; the whole is found at the run. */
const MAX_MESSAGE = 10_000

/**
 * A dead letter as it stands on `job-events-dlt`. It may be published more than once: whoever reads
 * it tells repeats by `runId`. It refers to the payload and does not hold it: what an owner gave to
 * Cronos is not for everybody who may read a topic.
 */
export function encodeDeadLetter(letter: DeadLetter): EncodedMessage {
  const { jobId, jobVersion, attempts, error } = letter
  const runId = runIdOf(letter)
  const value = {
    ...{ runId, jobId, attempts },
    scheduledAt: formatInstant(letter.scheduledAt),
    failedAt: formatInstant(letter.failedAt),
    error: { name: error.name, message: error.message.slice(0, MAX_MESSAGE) },
    payload: { jobId, version: jobVersion },
  }
  return {
    key: jobId,
    value: JSON.stringify(value),
    headers: [
      ['cronos-dead-letter', 'run'],
      ['cronos-run-id', runId],
    ],
  }
}
