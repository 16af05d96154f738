import { isDeepStrictEqual } from 'node:util'
import {
  type ExactInstant,
  formatInstant,
  type Instant,
  instant,
  type JobId,
  type JobPolicies,
  nextFireOf,
  priorities,
  recurrenceOf,
  type StoredRecurrence,
  settleMissed,
  spreadOffsetMs,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { type Fire, insertFires, type Move, moveRuns, settleFires } from '../runs/place.ts'
import { prepared, sql } from '../sql.ts'
import { type Changed, isUnfinished } from './control.ts'
import { carriesOn, isFire } from './keep-recurring.ts'
import { type LiveRun, type Locked, type LockedJob, lockJobs, textOf } from './lock.ts'
import { isAhead, movableRun, moveToInstant } from './reschedule.ts'
import { recordTriggers } from './versions.ts'

/** What a job is to be like: all of it, whether it changes or not. */
export interface JobEdit extends JobPolicies {
  readonly name: string | null
  readonly tags: readonly string[]
  readonly payload: Readonly<Record<string, unknown>>
  /** Null for a one-time job. */
  readonly recurrence: StoredRecurrence | null
  /** A new instant of a one-time job; null for the one it has. */
  readonly runAt: ExactInstant | null
}

export type Edited =
  /** `changed` is false where all was so already. */
  | Changed<{ readonly changed: boolean; readonly dueInMs: number }>
  /** The job is not at the version that the change was thought for. */
  | { readonly kind: 'stale'; readonly version: number }
  /** The new trigger has no fire time after now. */
  | { readonly kind: 'never fires' }
  | { readonly kind: 'past' }
  /** Its run has begun, so its instant cannot move. */
  | { readonly kind: 'begun'; readonly status: LockedJob['status'] }

/**
 * Changes what a job was asked for, from its next attempt on. The fire that is to come moves to the
 * new trigger's next fire time. One that has passed without having been claimed stays, as one run
 * for all fire times of the old trigger that were missed by now.
 *
 * @param isMeant whether the change was thought for this version
 * @param plan makes the edit of the job as it is, which nobody changes meanwhile; may refuse by
 *   throwing
 */
export async function editJob(
  pool: Pool,
  jobId: JobId,
  owner: UserId,
  isMeant: (version: number) => boolean,
  plan: (job: LockedJob, now: Instant) => JobEdit,
): Promise<Edited> {
  return pool.transaction(async tx => {
    const locked = await lockJobs(tx, owner, [jobId])
    const [job] = locked.jobs
    if (job === undefined) return { kind: 'unknown' }
    if (!isMeant(job.version)) return { kind: 'stale', version: job.version }
    if (!isUnfinished(job)) return { kind: 'refused', status: job.status }
    return write(tx, locked, job, plan(job, locked.at), owner)
  })
}

async function write(
  tx: Db,
  locked: Locked,
  job: LockedJob,
  edit: JobEdit,
  owner: UserId,
): Promise<Edited> {
  const { at } = locked
  const { recurrence, runAt } = edit
  const dueInMs = job.nextRunAt - at
  const isRefired = recurrence !== null && !isSame(recurrence, job)
  const isRespread = recurrence !== null && edit.spreadMs !== job.spreadMs
  if (!isRefired && runAt === null && isSame(rest(edit), job))
    return { kind: 'done', changed: false, dueInMs }
  const movable = runAt === null ? null : movableRun(job)
  if (runAt !== null && movable === null) return { kind: 'begun', status: job.status }
  if (runAt !== null && !isAhead(runAt, at)) return { kind: 'past' }
  const moves = isRefired ? planMoves(job, edit, recurrence, at) : planSpread(job, edit, isRespread)
  if (moves === null) return { kind: 'never fires' }

  await keepPayload(tx, job, edit)
  await writeDefinition(tx, locked, job, edit)
  await writeRuns(tx, job)
  if (isRefired) await recordTriggers(tx, locked, owner)
  if (runAt !== null) await moveToInstant(tx, locked, movable!, runAt, owner)
  await settleFires(tx, moves.skipped, moves.dropped)
  await moveRuns(tx, moves.moves)
  await insertFires(tx, moves.fires)
  const dueAt = runAt?.at ?? moves.dueAt ?? job.nextRunAt
  return { kind: 'done', changed: true, dueInMs: dueAt - at }
}

/** Whether the job has all of these already. */
function isSame(wanted: object, job: LockedJob): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    isDeepStrictEqual(value, job[name as keyof LockedJob]),
  )
}

function rest({ recurrence: _recurrence, runAt: _runAt, ...edit }: JobEdit): object {
  return edit
}

interface Moves {
  readonly skipped: Parameters<typeof settleFires>[1]
  readonly dropped: readonly LiveRun[]
  readonly moves: readonly Move[]
  readonly fires: readonly Fire[]
  /** When something of the job is due that was not before. */
  readonly dueAt: Instant | null
}

/** The fires to come move by the new offset. */
function planSpread(job: LockedJob, edit: JobEdit, isRespread: boolean): Moves {
  const offsetMs = spreadOffsetMs(job.jobId, edit.spreadMs)
  const moves = (isRespread ? job.runs.filter(carriesOn) : []).map(run => ({
    ...{ jobId: job.jobId, run, scheduledAt: run.scheduledAt, offsetMs },
    ...{ reason: run.reason, dispatches: run.dispatches, version: job.version + 1 },
  }))
  const first = moves[0]
  const dueAt = first === undefined ? null : instant(first.scheduledAt + offsetMs)
  return { skipped: [], dropped: [], moves, fires: [], dueAt }
}

/** Null where the new trigger never fires. */
function planMoves(
  job: LockedJob,
  edit: JobEdit,
  recurrence: StoredRecurrence,
  at: Instant,
): Moves | null {
  const { jobId } = job
  const offsetMs = spreadOffsetMs(jobId, edit.spreadMs)
  const waiting = job.runs.filter(carriesOn)
  const overdue = waiting.filter(run => run.scheduledAt < at)
  const [ahead, ...beyond] = waiting.filter(run => run.scheduledAt >= at)
  const begun = job.runs.filter(run => isFire(run.reason) && !waiting.includes(run))
  const past = [...begun, ...overdue].map(run => run.scheduledAt)
  const after = Math.max(at - 1, job.settledTo ?? at - 1, ...past)
  const next = nextFireOf(recurrenceOf(recurrence), instant(after))
  if (next === null) return null

  const last = overdue.at(-1)
  const settled =
    last &&
    settleMissed(
      {
        waiting: overdue.map(run => run.scheduledAt),
        recurrence: ahead === undefined ? recurrenceOf(job) : null,
        upTo: instant(at - 1),
      },
      'run_once',
      1,
    )
  const kept: Move[] =
    last === undefined
      ? []
      : [
          {
            // Its claim has nothing more to plan: what follows it is settled here.
            ...{ jobId, run: last, scheduledAt: settled!.keptFrom!, offsetMs, dispatches: 1 },
            ...{ reason: last.reason, version: job.version },
          },
        ]
  const policy = job.state === 'PAUSED' ? 'PAUSED' : 'MISFIRE'
  return {
    skipped: settled?.skipped
      ? [{ jobId, ...settled.skipped, policy, into: settled.keptFrom }]
      : [],
    dropped: [...overdue.slice(0, -1), ...beyond],
    moves: [
      ...kept,
      ...(ahead === undefined
        ? []
        : [
            {
              ...{ jobId, run: ahead, scheduledAt: next, offsetMs, dispatches: 0 },
              ...{ reason: 'FIRE' as const, version: job.version + 1 },
            },
          ]),
    ],
    fires: ahead === undefined ? [{ jobId, scheduledAt: next, offsetMs }] : [],
    dueAt: last === undefined ? instant(next + offsetMs) : at,
  }
}

/** A replay can have the payload that its run had. */
async function keepPayload(tx: Db, job: LockedJob, { payload }: JobEdit): Promise<void> {
  if (isDeepStrictEqual(payload, job.payload)) return
  await tx.query(prepared('keep-payload')`
    insert into old_payloads (job_id, version, payload)
    select job_id, version, payload from job_definitions where job_id = ${uuidOf(job.jobId)}
    on conflict do nothing`)
}

async function writeDefinition(
  tx: Db,
  locked: Locked,
  job: LockedJob,
  edit: JobEdit,
): Promise<void> {
  const recurrence = edit.recurrence ?? job
  await tx.query(sql`
    update job_definitions
       set name = ${edit.name}, tags = ${edit.tags}, payload = ${JSON.stringify(edit.payload)},
           cron_expression = ${recurrence.cronExpression}, time_zone = ${recurrence.timeZone},
           dst_gap = ${recurrence.dstGap}, dst_overlap = ${recurrence.dstOverlap},
           every_ms = ${recurrence.everyMs}, anchor_at = ${toText(recurrence.anchorAt)},
           start_at = ${toText(recurrence.startAt)}, end_at = ${toText(recurrence.endAt)},
           priority = ${priorities.indexOf(edit.priority)}, max_attempts = ${edit.maxAttempts},
           timeout_ms = ${edit.timeoutMs}, backoff = ${edit.backoff},
           backoff_base_ms = ${edit.backoffBaseMs}, backoff_cap_ms = ${edit.backoffCapMs},
           backoff_jitter = ${edit.backoffJitter}, overlap = ${edit.overlap},
           misfire = ${edit.misfire}, catch_up_limit = ${edit.catchUpLimit},
           expire_after_ms = ${edit.expireAfterMs}, spread_ms = ${edit.spreadMs},
           on_lost = ${edit.onLost}, pause_after_failures = ${edit.pauseAfterFailures},
           version = version + 1, updated_at = ${textOf(locked)}
     where job_id = ${uuidOf(job.jobId)}`)
}

/**
 * What runs carry of their job's policies follows it: priority and attempts at once, the expiry
 * where they have not begun. Served by the primary key of `runs_live`.
 */
async function writeRuns(tx: Db, job: LockedJob): Promise<void> {
  await tx.query(prepared('edit-runs')`
    update runs_live q
       set priority = d.priority, max_attempts = d.max_attempts,
           expires_at = case when q.status = 'RUNNING' or q.attempt > 0 then q.expires_at
                             else q.due_at + interval '1 millisecond' * d.expire_after_ms end
      from job_definitions d
     where d.job_id = ${uuidOf(job.jobId)} and q.job_id = d.job_id`)
}

function toText(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
