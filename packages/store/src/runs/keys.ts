import {
  type Fence,
  type Instant,
  type JobId,
  jobIdOf,
  type RunKey,
  runIdOf,
  uuidOf,
} from '@cronos/domain'

/** A run under the fence of one dispatch. */
export interface FencedKey extends RunKey {
  readonly fence: Fence
}

/**
 * The items in the order of their keys. Statements that lock several runs name them in this order,
 * so that two of them never wait for each other.
 */
export function inKeyOrder<Key extends RunKey>(items: readonly Key[]): Key[] {
  return items.toSorted((a, b) =>
    a.jobId < b.jobId ? -1 : a.jobId > b.jobId ? 1 : a.scheduledAt - b.scheduledAt,
  )
}

/** The parts of the keys as `unnest` takes them: uuids, and fire times in epoch milliseconds. */
export function keyColumns(keys: readonly RunKey[]): { jobs: string[]; fireTimes: number[] } {
  return { jobs: keys.map(key => uuidOf(key.jobId)), fireTimes: keys.map(key => key.scheduledAt) }
}

/** A fenced key as text, for sets and maps. */
export function nameOf(key: FencedKey): string {
  return `${runIdOf(key)}_${key.fence}`
}

/** A fenced key as statements return it. */
export interface KeyRow {
  readonly jobUuid: string
  readonly scheduledAt: Instant
  readonly fence: FencedKey['fence']
}

export function toKey({
  jobUuid,
  scheduledAt,
  fence,
}: KeyRow): FencedKey & { readonly jobId: JobId } {
  return { jobId: jobIdOf(jobUuid), scheduledAt, fence }
}
