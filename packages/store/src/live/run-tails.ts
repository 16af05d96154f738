import { type Instant, jobIdOf, type RunKey, type UserId, uuidOf } from '@cronos/domain'
import type { Db } from '../db.ts'
import type { LogPlace, StoredLine } from '../runs/log.ts'
import { type RawAttempt, type RunDetails, type RunRow, withAttempts } from '../runs/read.ts'
import { sql } from '../sql.ts'

/** A run that somebody follows, and how far its log was told. */
export interface Followed {
  readonly run: RunKey
  readonly owner: UserId
  readonly after: LogPlace
}

/** What a followed run is now, and what it has logged since. */
export interface RunTail extends RunRow, Pick<RunDetails, 'attempts' | 'progress'> {
  /** When it is looked at again: the next attempt's time while it waits for one. */
  readonly wakeAt: Instant | null
  readonly hold: 'PAUSED' | 'UNKNOWN' | null
  /** At most `MOST_LINES`; more are for the next time. */
  readonly lines: readonly StoredLine[]
}

/** Lines of one run that are read at once. */
export const MOST_LINES = 200

/**
 * Reads all followed runs in one statement. Served by primary keys.
 *
 * @returns in the order of `followed`; null where there is no such run of that owner
 */
export async function readRunTails(
  db: Db,
  followed: readonly Followed[],
): Promise<(RunTail | null)[]> {
  const { rows } = await db.query<RawTail>(sql`
    select mine.place, r.job_id as "jobUuid", r.scheduled_at as "scheduledAt", r.status, r.reason,
           r.attempt, r.max_attempts as "maxAttempts", r.fence, r.executor, r.due_at as "dueAt",
           r.claimed_at as "claimedAt", r.published_at as "publishedAt",
           r.started_at as "startedAt", r.finished_at as "finishedAt", r.error, null as output, r.tzdata,
           r.wake_at as "wakeAt", r.hold,
           (select json_build_object(
                     'fraction', p.fraction, 'done', p.done, 'total', p.total,
                     'message', p.message, 'at', extract(epoch from p.told_at) * 1000)
              from run_progress p
             where p.job_id = r.job_id and p.scheduled_at = r.scheduled_at) as progress,
           (select coalesce(json_agg(json_build_object(
                     'attempt', a.attempt, 'fence', a.fence, 'executor', a.executor,
                     'startedAt', extract(epoch from a.started_at) * 1000,
                     'endedAt', extract(epoch from a.ended_at) * 1000,
                     'outcome', a.outcome, 'error', a.error)
                     order by a.attempt, a.fence), '[]')
              from attempts a
             where a.job_id = r.job_id and a.scheduled_at = r.scheduled_at) as attempts,
           (select coalesce(json_agg(json_build_object(
                     'fence', l.fence, 'line', l.line, 'attempt', l.attempt,
                     'at', extract(epoch from l.logged_at) * 1000, 'level', l.level,
                     'message', l.message, 'fields', l.fields)
                     order by l.fence, l.line), '[]')
              from (select *
                      from run_logs
                     where run_logs.job_id = r.job_id
                       and run_logs.scheduled_at = r.scheduled_at
                       and (run_logs.fence, run_logs.line) > (mine.fence, mine.line)
                     order by run_logs.fence, run_logs.line
                     limit ${MOST_LINES}::int) l) as lines
      from unnest(${followed.map(f => uuidOf(f.run.jobId))}::uuid[],
                  ${followed.map(f => f.run.scheduledAt)}::float8[],
                  ${followed.map(f => f.owner)}::text[],
                  ${followed.map(f => f.after.fence)}::bigint[],
                  ${followed.map(f => f.after.line)}::int[])
             with ordinality as mine (job_id, ms, owner, fence, line, place)
      join runs r on r.job_id = mine.job_id
       and r.scheduled_at = to_timestamp(mine.ms / 1000)::timestamptz(3)
       and r.owner = mine.owner
     where exists (
             select from job_definitions d where d.job_id = r.job_id and d.state <> 'DELETED')`)
  const tails: (RunTail | null)[] = followed.map(() => null)
  for (const { place, jobUuid, ...row } of rows)
    tails[place - 1] = withAttempts({ jobId: jobIdOf(jobUuid), ...row })
  return tails
}

type RawTail = Omit<RunTail, 'jobId' | 'attempts'> & {
  readonly place: number
  readonly jobUuid: string
  readonly attempts: RawAttempt[]
}
