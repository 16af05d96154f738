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

/**
 * The parts of the keys as `unnest` takes them: uuids, and fire times in epoch milliseconds. Arrays
 * as PostgreSQL writes them, since neither part ever needs an escape.
 */
export function keyColumns(keys: readonly RunKey[]): { jobs: string; fireTimes: string } {
  return {
    jobs: plainArray(keys, key => uuidOf(key.jobId)),
    fireTimes: plainArray(keys, key => key.scheduledAt),
  }
}

/** An array of numbers or plain words as PostgreSQL writes it; null stands for itself. */
export function plainArray<Item>(
  items: readonly Item[],
  read: (item: Item) => string | number | null,
): string {
  let text = '{'
  for (const item of items) text += text === '{' ? String(read(item)) : `,${read(item)}`
  return `${text}}`
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
