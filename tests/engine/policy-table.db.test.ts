import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  type Instant,
  instant,
  type JobEvent,
  type JobId,
  type MisfirePolicy,
  type OverlapPolicy,
  runIdOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import {
  controlJob,
  createJobs,
  editJob,
  pausing,
  resuming,
  type Started,
  sql,
} from '@cronos/store'
import { aJob, byInterval, freshDatabase } from '@cronos/testkit'
import { openByHand, succeeded, wakeRuns } from './by-hand.ts'

/*
 * The table of docs/policies.md, cell by cell. A job fires each ten minutes; its fires are numbered
 * from 0, and those that had passed when a scheduler next looked are the first `passed`.
 */

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const engine = openByHand(db, alice)
const EVERY_MS = 600_000

interface Situation {
  /** Fires that have passed, the latest so many milliseconds ago. */
  readonly passed: number
  readonly latestAgoMs: number
  /** Whether a run of the job is going on when a scheduler looks. */
  readonly isUnderWay: boolean
  /** What its owner does before a scheduler looks. */
  readonly change?: (jobId: JobId) => Promise<unknown>
  /** The number of the next fire; the one after those that have passed unless told. */
  readonly next?: number
}

const missed = { passed: 7, latestAgoMs: 300_000 }

async function pauseAndResume(jobId: JobId): Promise<void> {
  await controlJob(db, pausing(null), jobId, alice)
  assert.deepEqual(await engine.turns(), [])
  assert.equal((await controlJob(db, resuming, jobId, alice)).kind, 'done')
}

/** What was missed before and while it was paused is judged when it is resumed. */
async function editWhilePaused(jobId: JobId): Promise<void> {
  await controlJob(db, pausing(null), jobId, alice)
  await editTrigger(jobId)
  assert.deepEqual(await engine.turns(), [])
  assert.equal((await controlJob(db, resuming, jobId, alice)).kind, 'done')
}

/** From now on each second fire time only. */
async function editTrigger(jobId: JobId): Promise<void> {
  const edited = await editJob(
    db,
    jobId,
    alice,
    () => true,
    ({ cronExpression, timeZone, dstGap, dstOverlap, anchorAt, startAt, endAt, ...job }) => ({
      ...job,
      recurrence: {
        ...{ cronExpression, timeZone, dstGap, dstOverlap, anchorAt, startAt, endAt },
        everyMs: 2 * EVERY_MS,
      },
      runAt: null,
    }),
  )
  assert.equal(edited.kind, 'done')
}

const situations = {
  'on time': { passed: 1, latestAgoMs: 1_000, isUnderWay: false },
  'on time, while a run goes on': { passed: 1, latestAgoMs: 1_000, isUnderWay: true },
  'after a down-time': { ...missed, isUnderWay: false },
  'after a down-time, while a run goes on': { ...missed, isUnderWay: true },
  'after a pause': { ...missed, isUnderWay: false, change: pauseAndResume },
  'after a pause, while a run goes on': { ...missed, isUnderWay: true, change: pauseAndResume },
  'after an edit in a down-time': { ...missed, isUnderWay: false, change: editTrigger, next: 8 },
  'after an edit in a down-time, while a run goes on': {
    ...{ ...missed, isUnderWay: true, change: editTrigger, next: 8 },
  },
  'after an edit in a pause': { ...missed, isUnderWay: false, change: editWhilePaused, next: 8 },
  'after an edit in a pause, while a run goes on': {
    ...{ ...missed, isUnderWay: true, change: editWhilePaused, next: 8 },
  },
} satisfies Record<string, Situation>

/** What is run at once, what when the run under way has ended, and what is skipped. */
interface Cell {
  readonly atOnce: string
  readonly afterwards: string
  readonly skipped: string
}

const cell = (atOnce: string, afterwards: string, skipped: string): Cell => ({
  ...{ atOnce, afterwards, skipped },
})

type Row = Record<OverlapPolicy, Cell>
const same = (all: Cell): Row => ({ skip: all, queue: all, allow: all })
const onTimeUnderWay: Row = {
  skip: cell('', '', '0-0 OVERLAP'),
  queue: cell('', '0', ''),
  allow: cell('0', '', ''),
}

const editedUnderWay: Row = {
  skip: cell('', '6', '0-5 MISFIRE into 6'),
  queue: cell('', '6', '0-5 MISFIRE into 6'),
  allow: cell('6', '', '0-5 MISFIRE into 6'),
}

const pausedUnderWay: Row = {
  skip: cell('', '6', '0-5 PAUSED into 6'),
  queue: cell('', '6', '0-5 PAUSED into 6'),
  allow: cell('6', '', '0-5 PAUSED into 6'),
}

const table: Record<keyof typeof situations, Record<MisfirePolicy, Row>> = {
  'on time': {
    run_once: same(cell('0', '', '')),
    skip: same(cell('0', '', '')),
    catch_up: same(cell('0', '', '')),
  },
  'on time, while a run goes on': {
    run_once: onTimeUnderWay,
    skip: onTimeUnderWay,
    catch_up: onTimeUnderWay,
  },
  'after a down-time': {
    run_once: same(cell('0', '', '1-6 MISFIRE into 0')),
    skip: same(cell('', '', '0-6 MISFIRE')),
    catch_up: same(cell('0', '1 2 3 4 5 6', '')),
  },
  'after a down-time, while a run goes on': {
    run_once: {
      skip: cell('', '', '0-6 OVERLAP'),
      queue: cell('', '0', '1-6 MISFIRE into 0'),
      allow: cell('0', '', '1-6 MISFIRE into 0'),
    },
    skip: same(cell('', '', '0-6 MISFIRE')),
    catch_up: same(cell('', '0 1 2 3 4 5 6', '')),
  },
  'after a pause': {
    run_once: same(cell('6', '', '0-5 PAUSED into 6')),
    skip: same(cell('', '', '0-6 PAUSED')),
    catch_up: same(cell('0', '1 2 3 4 5 6', '')),
  },
  'after a pause, while a run goes on': {
    run_once: {
      skip: cell('', '', '0-5 PAUSED, 6-6 OVERLAP'),
      queue: cell('', '6', '0-5 PAUSED into 6'),
      allow: cell('6', '', '0-5 PAUSED into 6'),
    },
    skip: same(cell('', '', '0-6 PAUSED')),
    catch_up: same(cell('', '0 1 2 3 4 5 6', '')),
  },
  'after an edit in a down-time': {
    run_once: same(cell('6', '', '0-5 MISFIRE into 6')),
    skip: same(cell('6', '', '0-5 MISFIRE into 6')),
    catch_up: same(cell('6', '', '0-5 MISFIRE into 6')),
  },
  'after an edit in a down-time, while a run goes on': {
    run_once: editedUnderWay,
    skip: editedUnderWay,
    catch_up: editedUnderWay,
  },
  'after an edit in a pause': {
    run_once: same(cell('6', '', '0-5 PAUSED into 6')),
    skip: same(cell('', '', '0-5 PAUSED, 6-6 PAUSED')),
    catch_up: same(cell('6', '', '0-5 PAUSED into 6')),
  },
  'after an edit in a pause, while a run goes on': {
    run_once: pausedUnderWay,
    skip: same(cell('', '', '0-5 PAUSED, 6-6 PAUSED')),
    catch_up: pausedUnderWay,
  },
}

const sentences: Record<string, string> = {
  '0||': 'it runs',
  '||0-0 OVERLAP': 'it is skipped, and the record says why',
  '|0|': 'it runs when that run has ended',
  '0||1-6 MISFIRE into 0': 'one run stands for all',
  '||0-6 MISFIRE': 'all that was missed is skipped',
  '0|1 2 3 4 5 6|': 'all that was missed runs, one after the other',
  '||0-6 OVERLAP': 'all that came meanwhile is skipped',
  '|0|1-6 MISFIRE into 0': 'one run stands for all, when that run has ended',
  '6||0-5 PAUSED into 6': 'one run stands for all',
  '||0-6 PAUSED': 'all that was missed is skipped',
  '||0-5 PAUSED, 6-6 PAUSED': 'all that was missed is skipped',
  '||0-5 PAUSED, 6-6 OVERLAP': 'all that came meanwhile is skipped',
  '|6|0-5 PAUSED into 6': 'one run stands for all, when that run has ended',
  '6||0-5 MISFIRE into 6': 'one run stands for all',
  '|6|0-5 MISFIRE into 6': 'one run stands for all, when that run has ended',
  '|0 1 2 3 4 5 6|': 'all that was missed runs, one after the other, when that run has ended',
}

const sentenceOf = ({ atOnce, afterwards, skipped }: Cell) =>
  sentences[`${atOnce}|${afterwards}|${skipped}`]

test('docs/policies.md has each cell of the table, and no other', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/policies.md'), 'utf8')
  const told: Record<string, string> = {}
  let columns: string[] = []
  for (const line of page.split('\n').filter(each => each.startsWith('| '))) {
    const [misfire = '', overlap = '', ...cells] = line
      .slice(1, -1)
      .split('|')
      .map(each => each.trim().replaceAll('`', ''))
    if (misfire === 'misfire') columns = cells
    else if (misfire in table['on time'])
      for (const [index, situation] of columns.entries())
        told[`${situation}, ${misfire}, ${overlap}`] = cells[index]!
  }
  const tested = Object.entries(table).flatMap(([situation, byMisfire]) =>
    Object.entries(byMisfire).flatMap(([misfire, byOverlap]) =>
      Object.entries(byOverlap).map(([overlap, expected]): [string, string | undefined] => [
        `${situation}, ${misfire}, ${overlap}`,
        sentenceOf(expected),
      ]),
    ),
  )
  assert.deepEqual(told, Object.fromEntries(tested))
})

for (const [situation, byMisfire] of Object.entries(table))
  for (const [misfire, byOverlap] of Object.entries(byMisfire))
    for (const [overlap, expected] of Object.entries(byOverlap)) {
      const sentence = sentenceOf(expected)
      test(`overlap ${overlap}, misfire ${misfire}, ${situation}: ${sentence}`, async () => {
        const { passed, latestAgoMs, isUnderWay, change, next }: Situation =
          situations[situation as keyof typeof situations]
        const now = await engine.now()
        const first = instant(now - latestAgoMs - (passed - 1) * EVERY_MS)
        const policies = { overlap: overlap as OverlapPolicy, misfire: misfire as MisfirePolicy }
        const job = aJob({ owner: alice, trigger: byInterval(EVERY_MS, first), ...policies })
        await createJobs(db, [job])
        const underWay = isUnderWay ? await aRunUnderWay(job.jobId, instant(first - 1)) : null
        await change?.(job.jobId)
        assert.deepEqual(await play(job.jobId, first, underWay), expected)
        await assertSettled(job.jobId, first, passed, next)
      })
    }

/** A run that somebody started by hand before, and that has not ended. */
async function aRunUnderWay(jobId: JobId, scheduledAt: Instant): Promise<Started> {
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, priority, recurring,
                           status, reason, owner, fence)
    select d.job_id, to_timestamp(${scheduledAt}::float8 / 1000),
           to_timestamp(${scheduledAt}::float8 / 1000), now() + interval '1 hour', d.max_attempts,
           d.priority, true, 'DISPATCHED', 'MANUAL', d.created_by, 1
      from job_definitions d where d.job_id = ${uuidOf(jobId)}`)
  const [run] = await engine.start([{ jobId, scheduledAt, attempt: 1, fence: 1 } as JobEvent])
  assert.ok(run)
  return run
}

/** Lets the job run until nothing of it is due, and tells what became of its fires. */
async function play(jobId: JobId, first: Instant, underWay: Started | null): Promise<Cell> {
  const numbers = (events: readonly JobEvent[]) => events.map(event => numberOf(event.scheduledAt))
  const numberOf = (at: Instant) => (at - first) / EVERY_MS
  const published = await engine.turns()
  assert.ok(published.length <= 1, 'no two fires at once')
  const atOnce = numbers(published)
  const started = await engine.start(published)
  if (underWay !== null) assert.ok(await engine.end(underWay, succeeded))
  const afterwards: number[] = []
  for (let going = started; ; ) {
    for (const run of going) assert.ok(await engine.end(run, succeeded))
    const next = await engine.turns()
    if (next.length === 0) break
    assert.equal(next.length, 1, 'no two fires at once')
    afterwards.push(...numbers(next))
    going = await engine.start(next)
  }
  const skipped = (await engine.skippedOf(jobId)).map(({ from, to, count, policy, into }) => {
    assert.equal(count, numberOf(to) - numberOf(from) + 1)
    const span = `${numberOf(from)}-${numberOf(to)} ${policy}`
    return into === null ? span : `${span} into ${numberOf(into)}`
  })
  return cell(atOnce.join(' '), afterwards.join(' '), skipped.join(', '))
}

/** Each fire that has passed is settled once, and exactly one is to come: the next on the grid. */
async function assertSettled(
  jobId: JobId,
  first: Instant,
  passed: number,
  next = passed,
): Promise<void> {
  const runs = (await engine.runsOf(jobId)).filter(run => run.reason !== 'MANUAL')
  const waiting = runs.filter(run => run.status === 'PENDING')
  assert.deepEqual(
    waiting.map(run => run.scheduledAt),
    [first + next * EVERY_MS],
    'the next fire is the next on the grid',
  )
  const done = runs.filter(run => run.status === 'SUCCEEDED').map(run => run.scheduledAt)
  assert.equal(done.length + waiting.length, runs.length, runs.map(runIdOf).join())
  const skipped = (await engine.skippedOf(jobId)).flatMap(({ from, count }) =>
    Array.from({ length: count }, (_, index) => from + index * EVERY_MS),
  )
  assert.deepEqual(
    [...done, ...skipped].toSorted((a, b) => a - b),
    Array.from({ length: passed }, (_, index) => first + index * EVERY_MS),
  )
  await wakeRuns(db, jobId)
  assert.deepEqual(await engine.turns(), [])
}
