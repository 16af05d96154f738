import { priorities } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** How much the executors can take, and how much they have been given. */
export interface Capacity {
  /** Executors that were heard of lately. */
  readonly executors: number
  /** Their slots together. */
  readonly slots: number
  /** Executors that the scheduler's bus does not reach, and that take from the same queue. */
  readonly elsewhere: number
  /** What they start a second, as they measured it. */
  readonly startsPerSecond: number
  /** Runs on their way to an executor, whose dispatch lease has not ended. */
  readonly dispatched: number
  readonly running: number
  /** Both by owner; an owner without any is left out. */
  readonly inFlight: Readonly<Record<string, number>>
}

/**
 * Counts what is on its way and what runs, against the slots there are.
 *
 * Served by `runs_live_wake`: what has a lease has its `wake_at` between now and the lease's end.
 *
 * @param leaseMs the longest usual lease
 * @param aliveMs an executor that was not heard of for so long is not counted
 * @param only counts this executor alone, where the scheduler's bus reaches no other
 */
export async function readCapacity(
  db: Db,
  { leaseMs, aliveMs, only }: { leaseMs: number; aliveMs: number; only: string | null },
): Promise<Capacity> {
  const { rows } = await db.query<Capacity>(prepared('capacity')`
    select alive.*, leased.*
      from (select count(*) filter (where is_reached) as executors,
                   count(*) filter (where not is_reached) as elsewhere,
                   coalesce(sum(slots) filter (where is_reached), 0) as slots,
                   coalesce(sum(starts_per_second) filter (where is_reached), 0)::float8
                     as "startsPerSecond"
              from (select id = coalesce(${only}::text, id) as is_reached, slots, starts_per_second
                      from executors
                     where seen_at > now() - interval '1 millisecond' * ${aliveMs}::float8) each) alive,
           (select coalesce(sum(dispatched), 0)::int as dispatched, coalesce(sum(running), 0)::int as running,
                   coalesce(jsonb_object_agg(owner, dispatched + running), '{}') as "inFlight"
              from (select run.owner, count(*) filter (where run.status = 'DISPATCHED') as dispatched,
                           count(*) filter (where run.status = 'RUNNING'
                                              and run.executor = coalesce(${only}::text, run.executor))
                             as running
                      from unnest(${LEVELS}::smallint[]) as level (priority),
                           lateral (
                             select q.status, q.executor, q.owner from runs_live q
                              where q.priority = level.priority
                                and q.wake_at > now()
                                and q.wake_at <= now() + interval '1 millisecond' * ${leaseMs}::float8
                                and q.status <> 'PENDING') run
                     group by run.owner) by_owner) leased`)
  return rows[0]!
}

const LEVELS = priorities.map((_, level) => level)

/**
 * How many slots other executors have free now, by what runs there.
 *
 * Served by `runs_live_wake`, as `readCapacity` is, and a scan of `executors`, a row a process.
 *
 * @param besides the executor that asks
 * @param leaseMs what runs has its `wake_at` so far ahead at most
 */
export async function readSpareSlots(
  db: Db,
  { besides, aliveMs, leaseMs }: { besides: string; aliveMs: number; leaseMs: number },
): Promise<number> {
  const { rows } = await db.query<{ spare: number }>(prepared('spare-slots')`
    select coalesce(sum(greatest(other.slots - coalesce(busy.runs, 0), 0)), 0)::int as spare
      from executors other
      left join (select run.executor, count(*)::int as runs
                   from unnest(${LEVELS}::smallint[]) as level (priority),
                        lateral (
                          select q.executor from runs_live q
                           where q.priority = level.priority
                             and q.wake_at > now()
                             and q.wake_at <= now() + interval '1 millisecond' * ${leaseMs}::float8
                             and q.status = 'RUNNING') run
                  group by run.executor) busy on busy.executor = other.id
     where other.id <> ${besides}
       and other.seen_at > now() - interval '1 millisecond' * ${aliveMs}::float8`)
  return rows[0]!.spare
}

/**
 * Whether there is more than one owner of jobs: only then can one be in another's way.
 * Served by `job_definitions_by_owner`: its first and its last entry.
 */
export async function hasSeveralOwners(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ several: boolean }>(prepared('several-owners')`
    select (select created_by from job_definitions order by created_by limit 1)
        <> (select created_by from job_definitions order by created_by desc limit 1) as several`)
  return rows[0]!.several ?? false
}

/** What an executor tells of itself with each heartbeat. */
export interface ExecutorReport {
  readonly id: string
  readonly slots: number
  readonly free: number
  readonly tasks: readonly string[]
  readonly startsPerSecond: number
}

/** Served by the primary key of `executors`. */
export async function reportExecutor(db: Db, report: ExecutorReport): Promise<void> {
  await db.query(prepared('report-executor')`
    insert into executors (id, slots, free, tasks, starts_per_second, seen_at)
    values (${report.id}, ${report.slots}, ${report.free}, ${report.tasks},
            ${report.startsPerSecond}, now())
    on conflict (id) do update
       set slots = excluded.slots, free = excluded.free, tasks = excluded.tasks,
           starts_per_second = excluded.starts_per_second, seen_at = excluded.seen_at`)
}

/** Takes an executor that stops off the list, and with it those not heard of for a day. */
export async function removeExecutor(db: Db, id: string): Promise<void> {
  await db.query(prepared('remove-executor')`
    delete from executors where id = ${id} or seen_at < now() - interval '1 day'`)
}

/**
 * Whether an executor that was heard of in the last minute knows the task.
 * Served by a scan of `executors`, which holds a row a process.
 */
export async function isTaskKnown(db: Db, task: string): Promise<boolean> {
  const { rows } = await db.query<{ known: boolean }>(prepared('task-known')`
    select exists (
      select from executors
       where seen_at > now() - interval '1 minute' and ${task} = any(tasks)) as known`)
  return rows[0]!.known
}
