import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  type Instant,
  instant,
  type JobId,
  type MisfirePolicy,
  misfirePolicies,
  type OverlapPolicy,
  overlapPolicies,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import {
  cancelRun,
  controlJob,
  createJobs,
  editJob,
  type NewJob,
  pausing,
  resuming,
  sql,
} from '@cronos/store'
import { aJob, byCron, freshDatabase } from '@cronos/testkit'
import { failed, openByHand, succeeded, wakeRuns } from './by-hand.ts'

/*
 * Controls between the turns of a scheduler and the steps of an executor: each fire time is settled
 * once, by a run or by a record, whatever is asked for in between.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const engine = openByHand(db, alice)
const MINUTE = 60_000

/** A job of each minute whose first fire was so many minutes ago, alone in the queue. */
async function minutely(minutes: number, more: Partial<NewJob> = {}) {
  await db.query(sql`delete from runs_live`)
  const now = await engine.now()
  const first = instant(now - (now % MINUTE) - minutes * MINUTE)
  const job = aJob({ trigger: byCron('0 * * * * *', first), ...more })
  await createJobs(db, [job])
  return { jobId: job.jobId, first }
}

const pause = (jobId: JobId) => controlJob(db, pausing(null), jobId, alice)
const resume = (jobId: JobId) => controlJob(db, resuming, jobId, alice)

/** Runs all that is due to its end; answers the fire times in the order of their starts. */
async function serve(jobId: JobId): Promise<number[]> {
  const served: number[] = []
  for (;;) {
    await wakeRuns(db, jobId)
    const started = await engine.startDue()
    if (started.length === 0) return served
    assert.equal(started.length, 1, 'one at a time')
    served.push(started[0]!.scheduledAt)
    assert.ok(await engine.end(started[0]!, succeeded))
  }
}

/** Each minute from the first up to the fire that is to come stands in one run or one record. */
async function assertBalanced(jobId: JobId, first: number): Promise<void> {
  const runs = await engine.runsOf(jobId)
  const spans = await engine.skippedOf(jobId)
  const settled = [
    ...runs.filter(run => run.reason !== 'MANUAL').map(run => run.scheduledAt as number),
    ...spans.flatMap(({ from, count, to }) => {
      const all = Array.from({ length: count }, (_, n) => from + n * MINUTE)
      assert.equal(all.at(-1), to)
      return all
    }),
  ].toSorted((a, b) => a - b)
  const next = settled.at(-1)!
  assert.ok(next > (await engine.now()) - MINUTE, 'a fire is to come')
  assert.deepEqual(
    settled,
    Array.from({ length: (next - first) / MINUTE + 1 }, (_, n) => first + n * MINUTE),
  )
}

const expected: Record<MisfirePolicy, number> = { skip: 0, run_once: 1, catch_up: 5 }

for (const misfire of misfirePolicies)
  for (const overlap of overlapPolicies)
    test(`pause × ${misfire} × ${overlap}: after a pause each fire time is settled once`, async () => {
      const policies = { misfire, overlap, catchUpLimit: 5 }
      const { jobId, first } = await minutely(30, policies)
      await pause(jobId)
      assert.deepEqual(await engine.turns(), [])
      const resumed = await resume(jobId)
      assert.ok(resumed.kind === 'done')
      const served = await serve(jobId)
      // A minute may have begun meanwhile, whose fire is then due by itself.
      assert.ok(served.length - expected[misfire] <= 1, `${served.length} runs`)
      assert.ok(served.length >= expected[misfire], `${served.length} runs`)
      assert.deepEqual(
        served,
        served.toSorted((a, b) => a - b),
      )
      await assertBalanced(jobId, first)
    })

test('a run that goes on through a pause overlaps with what was missed, as the policy says', async () => {
  const runsBeside: Record<OverlapPolicy, number> = { skip: 0, queue: 0, allow: 1 }
  for (const overlap of overlapPolicies) {
    const { jobId, first } = await minutely(0, { overlap })
    const [going] = await engine.startDue()
    await pause(jobId)
    // The next fire comes up while the job is paused.
    await db.query(sql`
      update runs_live set due_at = now() where job_id = ${uuidOf(jobId)} and hold = 'PAUSED'`)
    await resume(jobId)
    assert.equal((await engine.startDue()).length, runsBeside[overlap], overlap)
    assert.ok(await engine.end(going!, succeeded))
    await wakeRuns(db, jobId)
    const after = await engine.startDue()
    assert.equal(after.length, overlap === 'queue' ? 1 : 0, overlap)
    assert.ok(first <= going!.scheduledAt)
  }
})

test('a fire that stays when its trigger changes still waits for the run under way', async () => {
  const { jobId } = await minutely(0, { overlap: 'queue' })
  const [going] = await engine.startDue()
  // The next fire comes up, and nobody has claimed it yet.
  await db.query(sql`
    update runs_live
       set scheduled_at = date_trunc('milliseconds', now() - interval '1 ms'), due_at = now(),
           wake_at = now()
     where job_id = ${uuidOf(jobId)} and status = 'PENDING'`)
  const edited = await editJob(
    db,
    jobId,
    alice,
    () => true,
    job => ({
      ...job,
      recurrence: {
        ...{ cronExpression: '0 0 0 1 1 *', timeZone: 'UTC', dstGap: 'skip' },
        ...{ dstOverlap: 'both', everyMs: null, anchorAt: null, startAt: null, endAt: null },
      },
      runAt: null,
    }),
  )
  assert.equal(edited.kind, 'done')
  assert.deepEqual(await engine.startDue(), [])
  assert.ok(await engine.end(going!, succeeded))
  assert.equal((await engine.startDue()).length, 1)
  const runs = await engine.runsOf(jobId)
  assert.equal(new Date(runs[0]!.scheduledAt as Instant).getUTCMonth(), 0)
})

test('a failed attempt of a paused job is held, and tried again when it goes on', async () => {
  const { jobId } = await minutely(0, { misfire: 'skip' })
  const [run] = await engine.startDue()
  await pause(jobId)
  assert.ok(await engine.end(run!, failed))
  await wakeRuns(db, jobId)
  assert.deepEqual(await engine.turns(), [])
  await resume(jobId)
  const [again] = await engine.startDue()
  assert.deepEqual([again?.scheduledAt, again?.attempt], [run!.scheduledAt, 2])
})

test('a running attempt that is cancelled ends as CANCELLED, and the job goes on', async () => {
  const { jobId, first } = await minutely(0)
  const [run] = await engine.startDue()
  assert.equal((await cancelRun(db, run!, alice, 10_000)).kind, 'asked')
  assert.ok(await engine.end(run!, { kind: 'cancelled' }))
  const [next, cancelled] = await engine.runsOf(jobId)
  assert.deepEqual([next!.status, cancelled!.status], ['PENDING', 'CANCELLED'])
  await assertBalanced(jobId, first)
})

test('a fire that is cancelled while it is overdue leaves those after it to their policies', async () => {
  const { jobId, first } = await minutely(10)
  assert.equal(
    (await cancelRun(db, { jobId, scheduledAt: first }, alice, 10_000)).kind,
    'cancelled',
  )
  await serve(jobId)
  await assertBalanced(jobId, first)
})
