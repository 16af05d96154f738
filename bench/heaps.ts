import { type Pool, sql } from '@cronos/store'

/*
 * Millions of rows as Cronos would have them, made inside the database: what a large system has
 * gathered, in seconds instead of days.
 */

const AT_ONCE = 500_000

/** Jobs that are due in a month. */
export async function addFutureJobs(db: Pool, count: number): Promise<void> {
  await inParts(count, size =>
    db.query(sql`
      with job as (
        insert into job_definitions (job_id, job_type, execution_mode, payload, max_attempts,
                                     created_at, updated_at, created_by)
        select uuidv7(), 'ONE_TIME', 'SCHEDULED', '{"task": "noop", "n": 1}', 3, now(), now(), 'bench'
          from generate_series(1, ${size}::int)
        returning job_id)
      insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                             owner)
      select job_id, at, at, at, 3, false, 'PENDING', 'bench'
        from (select job_id, now() + interval '30 days' + random() * interval '30 days' as at
                from job) job`),
  )
}

/** Runs that succeeded in the last month. */
export async function addFinishedRuns(db: Pool, count: number): Promise<void> {
  await inParts(count, size =>
    db.query(sql`
      insert into runs_done (job_id, scheduled_at, due_at, started_at, finished_at, attempt,
                             max_attempts, fence, done, recurring, status, owner, executor)
      select uuidv7(), at, at, at, at, 1, 3, 1, true, false, 'SUCCEEDED', 'bench', 'bench'
        from (select now() - random() * interval '30 days' as at
                from generate_series(1, ${size}::int)) run`),
  )
}

async function inParts(count: number, add: (size: number) => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) await add(Math.min(AT_ONCE, count - done))
}
