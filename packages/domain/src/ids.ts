import type { Brand } from './brand.ts'
import { type Instant, instant, isWritable } from './instant.ts'

/** `job_` and a UUID in lower case: what clients know a job by. */
export type JobId = Brand<string, 'JobId'>
/** `run_<the job's uuid>_<fire time in epoch milliseconds>`. */
export type RunId = Brand<string, 'RunId'>
/** A user's id: a ULID, as the access token's `uid` says it. */
export type UserId = Brand<string, 'UserId'>
/** Grows with each dispatch of a run; a write that carries an old one changes nothing. */
export type Fence = Brand<number, 'Fence'>

/** A run is one fire of one job: this pair names it. */
export interface RunKey {
  readonly jobId: JobId
  readonly scheduledAt: Instant
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const JOB_ID = new RegExp(`^job_${UUID}$`)
const RUN_ID = new RegExp(`^run_(${UUID})_(-?\\d{1,16})$`)

/** @returns null when the text is no job id */
export function parseJobId(text: string): JobId | null {
  return JOB_ID.test(text) ? (text as JobId) : null
}

export function jobIdOf(uuid: string): JobId {
  return `job_${uuid}` as JobId
}

export function uuidOf(jobId: JobId): string {
  return jobId.slice('job_'.length)
}

export function runIdOf(run: RunKey): RunId {
  return `run_${uuidOf(run.jobId)}_${run.scheduledAt}` as RunId
}

/** @returns null when the text is no run id */
export function parseRunId(text: string): RunKey | null {
  const found = RUN_ID.exec(text)
  if (!found) return null
  const ms = Number(found[2])
  if (!isWritable(ms) || String(ms) !== found[2]) return null
  return { jobId: jobIdOf(found[1]!), scheduledAt: instant(ms) }
}

export function fence(value: number): Fence {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`a fence is a whole number from 0, got ${value}`)
  return value as Fence
}

/**
 * Makes UUIDs of version 7 (RFC 9562): 48 bits of time, a 12-bit counter within the millisecond,
 * 62 random bits, so that the ids one source makes sort in the order they were made.
 *
 * @returns a function of the time in epoch milliseconds (it orders ids and decides nothing) and of
 *   8 random bytes
 */
export function uuidSource(): (nowMs: number, random: Uint8Array) => string {
  let lastMs = 0
  let counter = 0
  return (nowMs, random) => {
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = 0
    } else if (++counter > 0xfff) {
      lastMs += 1
      counter = 0
    }
    const time = lastMs.toString(16).padStart(12, '0')
    const bytes = [(random[0]! & 0x3f) | 0x80, ...random.subarray(1, 8)]
    const tail = bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')
    const middle = counter.toString(16).padStart(3, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${middle}-${tail.slice(0, 4)}-${tail.slice(4)}`
  }
}
