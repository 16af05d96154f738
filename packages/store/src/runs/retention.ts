import { formatInstant, type Instant } from '@cronos/domain'
import type { Db, Pool } from '../db.ts'
import { prepared } from '../sql.ts'

/** How a run may have ended. */
export type FinalStatus = 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

/** What a batch of retention did. */
export interface Removed {
  /** Runs, or records of skipped fire times. */
  readonly count: number
  /** Jobs that had nothing else left, and went with them. */
  readonly jobs: number
  /** Where the next batch begins; null when nothing old enough is left. */
  readonly resumeAt: Instant | null
}

interface Batch {
  /** Only what ended longer ago than this, in milliseconds. */
  readonly ageMs: number
  /** Where an earlier batch stopped; null for the beginning. */
  readonly from: Instant | null
  readonly limit: number
}

/**
 * Removes runs that ended so long ago, oldest first, with their attempts, files, mails and logs, and the
 * jobs that have ended and of which nothing is left. It waits for nobody: what others hold stays
 * until the next time, and so does a dead letter that the world was not told of yet.
 *
 * Served by `runs_done_finished`; everything else by primary keys.
 */
export async function removeFinishedRuns(
  pool: Pool,
  status: FinalStatus,
  { ageMs, from, limit }: Batch,
): Promise<Removed> {
  return pool.transaction(async tx => {
    const { rows } = await tx.query<Gone>(prepared('remove-runs')`
      with old as materialized (
        select r.ctid as place, r.job_id, r.scheduled_at, r.finished_at
          from runs_done r
         where r.finished_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
           and r.finished_at < now() - interval '1 millisecond' * ${ageMs}::float8
           and r.status = ${status}
           and (r.status <> 'FAILED' or r.dlt_at is not null)
         order by r.finished_at
         limit ${limit}::int
           for update skip locked),
      gone as (
        delete from runs_done r using old where r.ctid = old.place
        returning r.job_id, r.scheduled_at, r.finished_at),
      attempt as (
        delete from attempts a using old
         where a.job_id = old.job_id and a.scheduled_at = old.scheduled_at),
      artifact as (
        delete from artifacts a using old
         where a.job_id = old.job_id and a.scheduled_at = old.scheduled_at),
      mail as (
        delete from mails m using old
         where m.job_id = old.job_id and m.scheduled_at = old.scheduled_at),
      log as (
        delete from run_logs l using old
         where l.job_id = old.job_id and l.scheduled_at = old.scheduled_at),
      progress as (
        delete from run_progress p using old
         where p.job_id = old.job_id and p.scheduled_at = old.scheduled_at),
      replay as (
        delete from replay_keys k using old
         where k.job_id = old.job_id and k.replay_of = old.scheduled_at)
      select job_id as "jobUuid", count(*) as count, max(finished_at) as "lastAt"
        from gone
       group by job_id`)
    return removeTheirJobs(tx, rows, limit)
  })
}

/**
 * Removes records of fire times that were settled without a run so long ago, oldest first, and the
 * one-time jobs that ended so. Served by `skipped_settled`.
 */
export async function removeSkipped(pool: Pool, { ageMs, from, limit }: Batch): Promise<Removed> {
  return pool.transaction(async tx => {
    const { rows } = await tx.query<Gone>(prepared('remove-skipped')`
      with old as materialized (
        select s.ctid as place
          from skipped s
         where s.settled_at >= coalesce(${textOf(from)}::timestamptz, '-infinity')
           and s.settled_at < now() - interval '1 millisecond' * ${ageMs}::float8
         order by s.settled_at
         limit ${limit}::int
           for update skip locked),
      gone as (
        delete from skipped s using old where s.ctid = old.place
        returning s.job_id, s.settled_at)
      select job_id as "jobUuid", count(*) as count, max(settled_at) as "lastAt"
        from gone
       group by job_id`)
    return removeTheirJobs(tx, rows, limit)
  })
}

/**
 * Puts on record that fire times from before so many milliseconds may have lost their runs: said
 * before they go, so that the ledger never takes what was removed for what was lost.
 */
export async function moveLedgerHorizon(db: Db, ageMs: number): Promise<void> {
  await db.query(prepared('move-horizon')`
    update ledger_horizon
       set horizon_at = now() - interval '1 millisecond' * ${ageMs}::float8
     where horizon_at < now() - interval '1 millisecond' * ${ageMs}::float8`)
}

/** What went of one job. */
interface Gone {
  readonly jobUuid: string
  readonly count: number
  readonly lastAt: Instant
}

/** The end of each batch: the jobs that have nothing else left go too, and it is summed up. */
async function removeTheirJobs(tx: Db, gone: readonly Gone[], limit: number): Promise<Removed> {
  const jobs = await removeEmptyJobs(
    tx,
    gone.map(each => each.jobUuid),
  )
  const count = gone.reduce((sum, each) => sum + each.count, 0)
  return { count, jobs, resumeAt: count < limit ? null : latest(gone) }
}

/**
 * Removes those of these jobs that have ended and have no run and no record left, with the history
 * of their triggers; and of the others the triggers that end before the horizon.
 */
async function removeEmptyJobs(tx: Db, jobs: readonly string[]): Promise<number> {
  if (jobs.length === 0) return 0
  // Locked first and looked at afterwards: whoever gives a job a new run holds its definition.
  const { rows: ended } = await tx.query<{ job: string }>(prepared('lock-ended-jobs')`
    select d.job_id as job
      from job_definitions d
     where d.job_id = any(${jobs}::uuid[])
       and (d.job_type = 'ONE_TIME' and d.state <> 'PAUSED'
            or d.state in ('CANCELLED', 'FAILED', 'DELETED')
            or d.state = 'ACTIVE' and d.end_at < now())
     order by d.job_id
       for update skip locked`)
  const { rows } = await tx.query<{ count: number }>(prepared('remove-jobs')`
    with gone as (
      delete from job_definitions d
       where d.job_id = any(${ended.map(row => row.job)}::uuid[])
         and not exists (select from runs_live r where r.job_id = d.job_id)
         and not exists (select from runs_done r where r.job_id = d.job_id)
         and not exists (select from skipped s where s.job_id = d.job_id)
      returning d.job_id),
    payload as (
      delete from old_payloads p using gone where p.job_id = gone.job_id),
    trigger as (
      delete from triggers t
       where t.job_id = any(${jobs}::uuid[])
         and (t.job_id in (select job_id from gone)
              or t.valid_to < (select horizon_at from ledger_horizon)))
    select count(*) as count from gone`)
  return rows[0]!.count
}

function latest(rows: readonly { readonly lastAt: Instant }[]): Instant {
  return rows.reduce((last, row) => (row.lastAt > last ? row.lastAt : last), rows[0]!.lastAt)
}

function textOf(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at)
}
