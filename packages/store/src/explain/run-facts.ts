import {
  formatInstant,
  type Instant,
  instant,
  type JobFacts,
  type JobId,
  jobIdOf,
  priorities,
  type RunFacts,
  type RunId,
  runIdOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { type JobColumns, toJobFacts } from './job-facts.ts'
import { ALIVE_MS, readLoad } from './load.ts'

export interface ExplainLimits {
  /** Runs that one owner may have under way at most; `Infinity` for no bound. */
  readonly runningPerOwner: number
}

/**
 * What there is to tell of some runs of one job of this owner, by fire time; those that there are.
 * How busy everything is, where that holds one up. Served by the primary keys.
 */
export async function readRunFacts(
  db: Db,
  owner: UserId,
  jobId: JobId,
  fireTimes: readonly Instant[],
  limits: ExplainLimits,
): Promise<RunFacts[]> {
  if (fireTimes.length === 0) return []
  const { rows } = await db.query<RunColumns>(sql`
    select now() as now, r.job_id as "jobUuid", r.status, r.reason, r.hold,
           r.scheduled_at as "scheduledAt", r.due_at as "dueAt", r.wake_at as "wakeAt", r.attempt,
           r.max_attempts as "maxAttempts", r.dispatches, r.executor, r.started_at as "startedAt",
           r.finished_at as "finishedAt", r.deadline_at as "deadlineAt",
           r.expires_at as "expiresAt", r.cancel_at as "cancelAt", r.requested_by as "requestedBy",
           r.replay_of as "replayOf", r.priority, left(r.error ->> 'message', 500) as error,
           exists (select from executors e
                    where e.id = r.executor
                      and e.seen_at > now() - interval '1 millisecond' * ${ALIVE_MS}::float8)
             as "isExecutorAlive",
           (select min(q.scheduled_at)
              from runs_live q
             where q.job_id = r.job_id and q.scheduled_at < r.scheduled_at
               and q.hold is distinct from 'PAUSED') as behind,
           (select coalesce(json_agg(json_build_object(
                     'attempt', a.attempt, 'outcome', a.outcome, 'executor', a.executor,
                     'endedAt', extract(epoch from a.ended_at) * 1000,
                     'error', left(a.error ->> 'message', 500))
                     order by a.attempt, a.fence), '[]')
              from attempts a
             where a.job_id = r.job_id and a.scheduled_at = r.scheduled_at) as attempts,
           (select coalesce(json_agg(json_build_object(
                     'policy', s.policy, 'count', s.count,
                     'from', extract(epoch from s.from_at) * 1000,
                     'to', extract(epoch from s.to_at) * 1000,
                     'settledAt', extract(epoch from s.settled_at) * 1000)
                     order by s.from_at), '[]')
              from skipped s
             where s.job_id = r.job_id and s.into_run = r.scheduled_at) as "standsFor",
           d.job_type as "jobType", d.state, coalesce(t.cron_expression, d.cron_expression)
             as "cronExpression", coalesce(t.every_ms, d.every_ms) as "everyMs",
           coalesce(t.time_zone, d.time_zone) as "timeZone", d.overlap,
           coalesce(r.payload, d.payload) ->> 'task' as task, d.paused_at as "pausedAt",
           d.pause_note as "pauseNote", d.failure_reason as "failureReason",
           (select p.made_by from triggers p
             where p.job_id = d.job_id and p.state = 'PAUSED' and p.valid_to is null)
             as "pausedBy"
      from runs r
      join job_definitions d on d.job_id = r.job_id and d.state <> 'DELETED'
      left join lateral (
        select v.cron_expression, v.every_ms, v.time_zone
          from triggers v
         where v.job_id = r.job_id and v.version <= r.job_version
         order by v.version desc
         limit 1) t on true
     where r.job_id = ${uuidOf(jobId)} and r.owner = ${owner}
       and r.scheduled_at = any(${fireTimes.map(at => formatInstant(at))}::timestamptz[])
     order by r.scheduled_at`)
  return Promise.all(rows.map(row => toFacts(db, owner, row, limits)))
}

/** The fire times of a job's first unfinished runs, and of its latest finished one. */
export async function readLatestFireTimes(
  db: Db,
  jobId: JobId,
): Promise<{ readonly live: Instant[]; readonly last: Instant | null }> {
  const uuid = uuidOf(jobId)
  const { rows } = await db.query<{ live: Instant[]; last: Instant | null }>(sql`
    select array(select q.scheduled_at from runs_live q where q.job_id = ${uuid}
                  order by q.scheduled_at limit 3) as live,
           (select max(r.scheduled_at) from runs_done r where r.job_id = ${uuid}) as last`)
  return { live: rows[0]!.live.map(at => instant(Number(at))), last: rows[0]!.last }
}

type Same =
  | 'now'
  | 'status'
  | 'reason'
  | 'hold'
  | 'scheduledAt'
  | 'dueAt'
  | 'wakeAt'
  | 'attempt'
  | 'maxAttempts'
  | 'dispatches'
  | 'executor'
  | 'isExecutorAlive'
  | 'startedAt'
  | 'finishedAt'
  | 'deadlineAt'
  | 'expiresAt'
  | 'cancelAt'
  | 'requestedBy'
  | 'error'
  | 'attempts'

interface RunColumns extends Pick<RunFacts, Same>, JobColumns {
  readonly jobUuid: string
  readonly priority: number
  readonly behind: Instant | null
  readonly replayOf: Instant | null
  readonly standsFor: RunFacts['standsFor']
}

async function toFacts(
  db: Db,
  owner: UserId,
  row: RunColumns,
  { runningPerOwner }: ExplainLimits,
): Promise<RunFacts> {
  const jobId = jobIdOf(row.jobUuid)
  const nameOf = (at: Instant | null): RunId | null =>
    at === null ? null : runIdOf({ jobId, scheduledAt: at })
  const job: JobFacts = toJobFacts(row)
  return {
    ...pickSame(row),
    runId: runIdOf({ jobId, scheduledAt: row.scheduledAt }),
    replayOf: nameOf(row.replayOf),
    behind: nameOf(row.behind),
    priority: priorities[row.priority]!,
    attempts: row.attempts.map(each => ({ ...each, endedAt: floor(each.endedAt) })),
    standsFor: row.standsFor.map(each => ({
      ...each,
      ...{ from: floor(each.from), to: floor(each.to), settledAt: floor(each.settledAt) },
      intoRun: null,
    })),
    job,
    load: isHeldUp(row)
      ? await readLoad(db, {
          ...{ owner, task: job.task, priority: row.priority, wakeAt: row.wakeAt ?? row.now },
          ...{ isWaiting: row.status === 'PENDING', runningPerOwner },
        })
      : null,
  }
}

/** It could begin if there was room for it. */
function isHeldUp({ status, wakeAt, now }: RunColumns): boolean {
  return status === 'DISPATCHED' || (status === 'PENDING' && wakeAt !== null && wakeAt <= now)
}

function pickSame(row: RunColumns): Pick<RunFacts, Same> {
  const { now, status, reason, hold, scheduledAt, dueAt, wakeAt, attempt, maxAttempts } = row
  const { dispatches, executor, isExecutorAlive, startedAt, finishedAt, deadlineAt } = row
  const { expiresAt, cancelAt, requestedBy, error, attempts } = row
  return {
    ...{ now, status, reason, hold, scheduledAt, dueAt, wakeAt, attempt, maxAttempts, dispatches },
    ...{ executor, isExecutorAlive, startedAt, finishedAt, deadlineAt, expiresAt, cancelAt },
    ...{ requestedBy, error, attempts },
  }
}

function floor(ms: number): Instant {
  return instant(Math.floor(ms))
}
