import {
  formatInstant,
  type Instant,
  type JobId,
  jobIdOf,
  type Settlement,
  type SettlingPolicy,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import { type Statement, sql } from '../sql.ts'

/** Rows that are held at once. */
const PAGE_SIZE = 2_000

/**
 * What settled the fire times of a job in [from, to), in the order of first instants: the runs of
 * its trigger, whatever became of them, and the records of those without a run. Read by two cursors
 * in the caller's transaction, one job at a time.
 *
 * Served by the primary keys of the partitions of `runs` and of `skipped`.
 */
export async function* pageSettlements(
  tx: Db,
  jobId: JobId,
  from: Instant,
  to: Instant,
): AsyncGenerator<readonly Settlement[]> {
  const uuid = uuidOf(jobId)
  const span = [formatInstant(from), formatInstant(to)] as const
  await keepOrder(tx)
  await tx.query(declareRuns(uuid, ...span))
  await tx.query(declareSkipped(uuid, ...span))
  const records = fetchPages(tx, 'settling_records')
  let page = (await records.next()).value ?? []
  let place = 0
  for await (const runs of fetchPages(tx, 'settling_runs')) {
    const merged: Settlement[] = []
    for (const run of runs) {
      while (place < page.length && startOf(page[place]!) <= startOf(run)) {
        merged.push(page[place++]!)
        if (place < page.length) continue
        yield merged.splice(0)
        ;[page, place] = [(await records.next()).value ?? [], 0]
      }
      merged.push(run)
    }
    yield merged
  }
  for (; page.length > 0; [page, place] = [(await records.next()).value ?? [], 0])
    yield page.slice(place)
}

/** Rows come by index, in its order, whatever the statistics say: a sort would read them all first. */
async function keepOrder(tx: Db): Promise<void> {
  await tx.query(sql`
    select set_config('enable_' || way, 'off', true)
      from unnest(array['sort', 'seqscan', 'bitmapscan']) as way`)
}

async function* fetchPages(
  tx: Db,
  cursor: 'settling_runs' | 'settling_records',
): AsyncGenerator<readonly Settlement[], void> {
  for (;;) {
    const { rows } = await tx.query<SettlementRow>({
      text: `fetch ${PAGE_SIZE} from ${cursor}`,
      values: [],
    })
    if (rows.length > 0) yield rows.map(toSettlement)
    if (rows.length < PAGE_SIZE) break
  }
  await tx.query({ text: `close ${cursor}`, values: [] })
}

function startOf(settlement: Settlement): Instant {
  return settlement.kind === 'run' ? settlement.at : settlement.from
}

/** All that settled what one-time jobs were asked for, by job: few rows each. */
export async function readSettlements(
  tx: Db,
  jobs: readonly JobId[],
): Promise<Map<JobId, Settlement[]>> {
  const uuids = jobs.map(uuidOf)
  const { rows } = await tx.query<SettlementRow & { jobUuid: string }>(sql`
    select r.job_id as "jobUuid", r.scheduled_at as from_at, r.scheduled_at as to_at,
           null as policy, 1 as count, r.status = 'CANCELLED' and r.attempt = 0 as withdrawn,
           r.job_version as version, r.tzdata
      from runs r
     where r.job_id = any(${uuids}::uuid[]) and r.reason in ('FIRE', 'CATCH_UP')
     union all
    select s.job_id, s.from_at, s.to_at, s.policy, s.count, false, 0, null
      from skipped s
     where s.job_id = any(${uuids}::uuid[])
     order by 1, 2`)
  const groups = Map.groupBy(rows, row => jobIdOf(row.jobUuid))
  return new Map(Array.from(groups, ([jobId, own]) => [jobId, own.map(toSettlement)]))
}

function declareRuns(uuid: string, from: string, to: string): Statement {
  return sql`
    declare settling_runs no scroll cursor for
    select r.scheduled_at as from_at, r.scheduled_at as to_at, null as policy, 1 as count,
           r.status = 'CANCELLED' and r.attempt = 0 as withdrawn, r.job_version as version, r.tzdata
      from runs r
     where r.job_id = ${uuid}::uuid
       and r.scheduled_at >= ${from}::timestamptz and r.scheduled_at < ${to}::timestamptz
       and r.reason in ('FIRE', 'CATCH_UP')
     order by r.scheduled_at`
}

/** A record that began before the span may reach into it. */
function declareSkipped(uuid: string, from: string, to: string): Statement {
  return sql`
    declare settling_records no scroll cursor for
    select s.from_at, s.to_at, s.policy, s.count, false as withdrawn, 0 as version, null as tzdata
      from skipped s
     where s.job_id = ${uuid}::uuid
       and s.from_at >= coalesce(
             (select max(b.from_at) from skipped b
               where b.job_id = ${uuid}::uuid and b.from_at <= ${from}::timestamptz),
             ${from}::timestamptz)
       and s.from_at < ${to}::timestamptz
     order by s.from_at`
}

interface SettlementRow {
  readonly from_at: Instant
  readonly to_at: Instant
  readonly policy: SettlingPolicy | null
  readonly count: number
  readonly withdrawn: boolean
  readonly version: number
  readonly tzdata: string | null
}

function toSettlement(row: SettlementRow): Settlement {
  const { from_at: from, to_at: to, policy, count, withdrawn, version, tzdata } = row
  return policy === null
    ? { kind: 'run', at: from, isWithdrawn: withdrawn, jobVersion: version, tzdata }
    : { kind: 'skip', policy, from, to, count }
}
