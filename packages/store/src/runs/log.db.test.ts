import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Instant, instant, type UserId } from '@cronos/domain'
import { aJob, freshDatabase, passTime } from '@cronos/testkit'
import { createJobs } from '../jobs/create.ts'
import { sql } from '../sql.ts'
import { type Started, startRuns } from './attempts.ts'
import { claimRuns } from './claim.ts'
import { type LogLine, readLog, writeTold } from './log.ts'
import { readRun } from './read.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const all = { after: null, attempt: null, limit: 100 }
const at: Instant = instant(Date.UTC(2026, 10, 23))

const aLine = (line: number, message = `line ${line}`): LogLine => ({
  ...{ line, at, message },
  ...{ level: 'INFO', fields: null },
})

async function dispatchAndStart(): Promise<Started> {
  const options = { limit: 1, dispatchLeaseMs: 5_000, takeOver: false }
  const [claimed] = await db.transaction(tx => claimRuns(tx, options))
  const event = { ...claimed!, attempt: claimed!.attempt + 1 }
  const how = { executor: 'one', leaseMs: 10_000, again: false }
  return (await startRuns(db, [event], how))[0]!
}

async function startedRun(): Promise<Started> {
  await db.query(sql`delete from runs_live`)
  await createJobs(db, [aJob()])
  return dispatchAndStart()
}

test('lines come in the order of attempts and of logging, page by page', async () => {
  const run = await startedRun()
  await writeTold(db, [{ ...run, lines: [aLine(1), aLine(2)], progress: null }])
  await db.query(sql`
    update runs_live set status = 'PENDING', started_at = null, executor = null, deadline_at = null`)
  await passTime(db)
  const again = await dispatchAndStart()
  assert.equal(again.attempt, 2)
  await writeTold(db, [{ ...again, lines: [aLine(1, 'again')], progress: null }])

  const first = await readLog(db, alice, run, { ...all, limit: 2 })
  assert.deepEqual(
    first.map(({ attempt, message }) => [attempt, message]),
    [
      [1, 'line 1'],
      [1, 'line 2'],
    ],
  )
  const rest = await readLog(db, alice, run, { ...all, after: first[1]! })
  assert.deepEqual(
    rest.map(({ attempt, message }) => [attempt, message]),
    [[2, 'again']],
  )
  assert.equal((await readLog(db, alice, run, { ...all, attempt: 2 })).length, 1)
})

test('a line that is written twice is there once', async () => {
  const run = await startedRun()
  const told = { ...run, lines: [aLine(1)], progress: null }
  assert.equal((await writeTold(db, [told])).length, 1)
  assert.equal((await writeTold(db, [told])).length, 1)
  assert.equal((await readLog(db, alice, run, all)).length, 1)
})

test('an attempt that was fenced out leaves neither line nor progress', async () => {
  const run = await startedRun()
  const progress = { fraction: 0.5, done: null, total: null, message: null }
  await db.query(sql`update runs_live set fence = fence + 1`)
  assert.deepEqual(await writeTold(db, [{ ...run, lines: [aLine(1)], progress }]), [])
  assert.deepEqual(await readLog(db, alice, run, all), [])
  assert.equal((await readRun(db, run, alice))?.progress, null)
})

test('of a progress the latest word stays', async () => {
  const run = await startedRun()
  for (const done of [1, 3]) {
    const progress = { fraction: done / 4, done, total: 4, message: `${done} of 4` }
    await writeTold(db, [{ ...run, lines: [], progress }])
  }
  const { at: toldAt, ...progress } = (await readRun(db, run, alice))!.progress!
  assert.deepEqual(progress, { fraction: 0.75, done: 3, total: 4, message: '3 of 4' })
  assert.ok(toldAt >= run.startedAt)
})

test('a run, its log and its progress are nobody else’s', async () => {
  const run = await startedRun()
  await writeTold(db, [{ ...run, lines: [aLine(1)], progress: null }])
  assert.deepEqual(await readLog(db, 'bob' as UserId, run, all), [])
  assert.equal(await readRun(db, run, 'bob' as UserId), null)
})

test('a run of a deleted job is as if it had never been', async () => {
  const run = await startedRun()
  await db.query(sql`update job_definitions set state = 'DELETED'`)
  assert.equal(await readRun(db, run, alice), null)
})

test('a run tells how late its first attempt was, whatever came after', async () => {
  const run = await startedRun()
  await db.query(sql`update runs_live set due_at = started_at - interval '1500 milliseconds'`)
  assert.equal((await readRun(db, run, alice))?.lateMs, 1_500)
  await db.query(sql`
    insert into attempts (job_id, scheduled_at, attempt, fence, started_at, ended_at, outcome)
    select job_id, scheduled_at, 1, fence, started_at, now(), 'FAILED' from runs_live`)
  await db.query(sql`update runs_live set started_at = started_at + interval '1 minute'`)
  assert.equal((await readRun(db, run, alice))?.lateMs, 1_500)
})
