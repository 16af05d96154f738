import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { freshDatabase } from '@cronos/testkit'
import { sql } from '../sql.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

async function planOf(statement: ReturnType<typeof sql>): Promise<string> {
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(statement)
  return rows.map(row => row['QUERY PLAN']).join('\n')
}

test('what has just finished is found by when it finished, not among all history', async () => {
  const plan = await planOf(sql`
    explain select job_id from runs_done
     where finished_at >= now() - interval '5 seconds' and owner || '' = any('{alice}')
     order by finished_at desc limit 1001`)
  assert.match(plan, /Index Scan Backward using runs_done_finished/)
  assert.doesNotMatch(plan, /Sort/)
})

test('runs under way are found by when their leases end, one scan a priority', async () => {
  const plan = await planOf(sql`
    explain select q.job_id
      from unnest(array[0, 1, 2, 3]::smallint[]) as level (priority),
           lateral (
             select * from runs_live
              where runs_live.priority = level.priority
                and wake_at >= now() and wake_at <= now() + interval '65 seconds'
              order by wake_at limit 5000) q
     where q.status <> 'PENDING' and q.owner = any('{alice}')`)
  assert.match(plan, /Index Scan using runs_live_wake/)
  assert.doesNotMatch(plan, /Sort|Seq Scan/)
})

test('jobs that were changed are found by when, among those that ever were', async () => {
  const plan = await planOf(sql`
    explain select job_id
      from (select * from job_definitions
             where updated_at >= now() - interval '5 seconds' and updated_at <> created_at
            offset 0) changed
     where created_by = any('{alice}')`)
  assert.match(plan, /Index Scan using job_definitions_changed/)
})

test('the runs of attempts that have ended are found by their keys, not among all of an owner', async () => {
  const plan = await planOf(sql`
    explain select a.job_id
      from (select * from attempts where ended_at >= now() - interval '5 seconds' offset 0) a,
           lateral (select * from runs r
                     where r.job_id = a.job_id and r.scheduled_at = a.scheduled_at
                    offset 0) q
     where q.owner = any('{alice}')
       and (not q.done or a.attempt < q.attempt or a.outcome = 'HANDED_BACK')
     order by a.ended_at limit 1001`)
  assert.match(plan, /runs_live_pkey/)
  assert.match(plan, /runs_done_pkey/)
  assert.doesNotMatch(plan, /Seq Scan on runs|by_owner/)
})
