import {
  formatInstant,
  type Instant,
  type JobId,
  type RunKey,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared, sql } from '../sql.ts'
import { type FencedKey, inKeyOrder, type KeyRow, keyColumns, toKey } from './keys.ts'

export const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const
export type LogLevel = (typeof logLevels)[number]

/** A line that a task logged. */
export interface LogLine {
  /** Its place in the attempt, from 1. */
  readonly line: number
  readonly at: Instant
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | null
}

/** How far a run has come, as its task says it. */
export interface Progress {
  /** 0 to 1; null where the task did not say of how much. */
  readonly fraction: number | null
  readonly done: number | null
  readonly total: number | null
  readonly message: string | null
}

/** What an attempt has told since it was last written. */
export interface Told extends FencedKey {
  readonly jobId: JobId
  readonly lines: readonly LogLine[]
  /** Null where nothing new was said. */
  readonly progress: Progress | null
}

/**
 * Puts what attempts told on record, all in one statement, and answers those that still hold their
 * runs: what the others told is not kept. The runs are locked meanwhile, so that nobody takes one
 * over between the check and the write. Writing the same line again changes nothing.
 *
 * Served by the primary keys of `runs_live`, `run_logs` and `run_progress`.
 */
export async function writeTold(db: Db, told: readonly Told[]): Promise<FencedKey[]> {
  const sorted = inKeyOrder(told)
  const { jobs, fireTimes } = keyColumns(sorted)
  const lines = sorted.flatMap((each, place) => each.lines.map(line => ({ place, ...line })))
  const { rows } = await db.query<KeyRow>(prepared('write-told')`
    with mine as (
      select * from unnest(
        ${jobs}::uuid[], ${fireTimes}::float8[], ${sorted.map(t => t.fence)}::bigint[],
        ${sorted.map(t => t.progress && JSON.stringify(t.progress))}::jsonb[])
        with ordinality as mine (job_id, ms, fence, progress, place)),
    held as materialized (
      select q.job_id, q.scheduled_at, q.fence, q.attempt, q.owner, mine.progress, mine.place
        from mine
        join runs_live q on q.job_id = mine.job_id
         and q.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
         and not q.done
       where q.fence = mine.fence
         and q.status in ('RUNNING', 'DISPATCHED')
         for share of q),
    logged as (
      insert into run_logs (job_id, scheduled_at, fence, line, attempt, owner, logged_at, level,
                            message, fields)
      select held.job_id, held.scheduled_at, held.fence, said.line, held.attempt, held.owner,
             to_timestamp(said.ms / 1000), said.level, said.message, said.fields
        from unnest(
          ${lines.map(l => l.place + 1)}::bigint[], ${lines.map(l => l.line)}::int[],
          ${lines.map(l => l.at)}::float8[], ${lines.map(l => l.level)}::text[],
          ${lines.map(l => l.message)}::text[],
          ${lines.map(l => l.fields && JSON.stringify(l.fields))}::jsonb[])
          as said (place, line, ms, level, message, fields)
        join held on held.place = said.place
      on conflict do nothing),
    progressed as (
      insert into run_progress (job_id, scheduled_at, fence, fraction, done, total, message)
      select held.job_id, held.scheduled_at, held.fence, p.fraction, p.done, p.total, p.message
        from held,
             jsonb_to_record(held.progress)
               as p (fraction float8, done float8, total float8, message text)
       where held.progress is not null
      on conflict (job_id, scheduled_at) do update
         set fence = excluded.fence, fraction = excluded.fraction, done = excluded.done,
             total = excluded.total, message = excluded.message, told_at = excluded.told_at
       where run_progress.fence <= excluded.fence)
    select job_id as "jobUuid", scheduled_at as "scheduledAt", fence from held`)
  return rows.map(toKey)
}

/** Where in a run's log a page ended: the next one begins after it. */
export interface LogPlace {
  readonly fence: number
  readonly line: number
}

export interface StoredLine extends LogLine, LogPlace {
  /** From 1. */
  readonly attempt: number
}

/** The lines of this owner's run in the order they were logged. Served by the primary key. */
export async function readLog(
  db: Db,
  owner: UserId,
  run: RunKey,
  page: { after: LogPlace | null; attempt: number | null; limit: number },
): Promise<StoredLine[]> {
  const { after, attempt, limit } = page
  const { rows } = await db.query<StoredLine>(sql`
    select fence, line, attempt, logged_at as at, level, message, fields
      from run_logs
     where job_id = ${uuidOf(run.jobId)}
       and scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
       and owner = ${owner}
       and (fence, line) > (${after?.fence ?? -1}::bigint, ${after?.line ?? 0}::int)
       and (${attempt}::int is null or attempt = ${attempt})
     order by fence, line
     limit ${limit}::int`)
  return rows
}
