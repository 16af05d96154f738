import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { instant, type JobId, type RunKey, type UserId, uuidOf } from '@cronos/domain'
import { aJob, byCron, freshDatabase, fromNow } from '@cronos/testkit'
import {
  cancelJob,
  claimRuns,
  createJobs,
  type Ended,
  type LetterFilter,
  listLetters,
  type NewJob,
  readJob,
  readLetter,
  readRun,
  recordAttempts,
  replayLetters,
  type Started,
  sql,
  startRuns,
} from '../index.ts'
import { dismissLetters } from './dismiss.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

let owners = 0
const someone = () => `owner${++owners}` as UserId

const any: LetterFilter = {
  ...{ jobId: null, task: null, from: null, to: null, error: null },
  ...{ replayed: null, dismissed: null },
}
const page = { after: null, limit: 100 }

async function startDue(): Promise<Started[]> {
  const options = { limit: 1_000, dispatchLeaseMs: 60_000, takeOver: false }
  const claimed = await db.transaction(tx => claimRuns(tx, options))
  const events = claimed.map(run => ({ ...run, attempt: run.attempt + 1 }))
  return startRuns(db, events, { executor: 'one', leaseMs: 60_000, again: false })
}

async function end(run: Started, failed: string | null, failsJob = false): Promise<void> {
  const { jobId, scheduledAt, fence } = run
  const ended: Ended = {
    ...{ jobId, scheduledAt, fence, failsJob, output: null },
    next: failed === null ? { status: 'SUCCEEDED' } : { status: 'FAILED', reason: failed },
    error: failed === null ? null : { name: 'Error', message: failed },
  }
  assert.equal((await recordAttempts(db, [ended])).length, 1)
}

async function aLetter(failed = 'no route', given: Partial<NewJob> = {}): Promise<Started> {
  const job = aJob(given)
  await createJobs(db, [job])
  const run = await startOf(job)
  await end(run, failed)
  return run
}

/** Starts all that is due, and answers the run of this job. */
async function startOf({ jobId }: { readonly jobId: JobId }): Promise<Started> {
  const started = await startDue()
  return started.find(run => run.jobId === jobId)!
}

const replay = (runs: readonly Started[], owner: UserId, requestKey: string | null = null) =>
  replayLetters(
    db,
    runs.map(({ jobId, scheduledAt }) => ({ jobId, scheduledAt, payload: null })),
    { owner, requestedBy: owner, requestKey },
  )

/** The run that a replay became. */
async function replayed(run: Started, owner: UserId, key: string | null = null): Promise<RunKey> {
  const [became] = await replay([run], owner, key)
  assert.equal(became?.kind, 'replayed')
  return { jobId: run.jobId, scheduledAt: became.as }
}

const statusOf = async (jobId: JobId, owner: UserId) => (await readJob(db, jobId, owner))?.status

test('a replay is a new run, due at once, that names the old one', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const key = await replayed(letter, owner)
  const run = (await readRun(db, key, owner))!
  assert.deepEqual(
    [run.status, run.reason, run.replayOf, run.requestedBy],
    ['PENDING', 'REPLAY', letter.scheduledAt, owner],
  )
  assert.equal((await readLetter(db, owner, letter))?.replayedAt, key.scheduledAt)
})

test('a one-time job that failed is RUNNING with its replay, and then what the replay ends with', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  assert.equal(await statusOf(letter.jobId, owner), 'FAILED')
  await replayed(letter, owner)
  const run = await startOf(letter)
  assert.equal(await statusOf(letter.jobId, owner), 'RUNNING')
  await end(run, 'no route again')
  const failed = (await readJob(db, letter.jobId, owner))!
  assert.deepEqual([failed.status, failed.failureReason], ['FAILED', 'no route again'])
  await replayed(letter, owner)
  const second = await startOf(letter)
  await end(second, null)
  const done = (await readJob(db, letter.jobId, owner))!
  assert.deepEqual([done.status, done.failureReason], ['COMPLETED', null])
})

test('a replay has the payload that failed, though the job has another by now', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner, payload: { task: 'old' } })
  const uuid = uuidOf(letter.jobId)
  for (const [version, task] of [
    [1, 'old'],
    [2, 'newer'],
  ] as const)
    await db.query(sql`
      insert into old_payloads (job_id, version, payload)
      values (${uuid}, ${version}, ${JSON.stringify({ task })}::jsonb)`)
  await db.query(sql`
    update job_definitions set version = 3, payload = '{"task":"newest"}' where job_id = ${uuid}`)
  assert.deepEqual((await readLetter(db, owner, letter))?.payload, { task: 'old' })
  await replayed(letter, owner)
  const run = await startOf(letter)
  assert.deepEqual(run.payload, { task: 'old' })
})

test('a replay may have a payload of its own, which a replay of the replay has too', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const { jobId, scheduledAt } = letter
  const payload = { task: 'mended' }
  const options = { owner, requestedBy: owner, requestKey: null }
  await replayLetters(db, [{ jobId, scheduledAt, payload }], options)
  const run = await startOf(letter)
  assert.deepEqual(run.payload, payload)
  await end(run, 'still wrong')
  assert.equal((await readLetter(db, owner, run))?.task, 'mended')
  await replayed(run, owner)
  const again = await startOf(letter)
  assert.deepEqual(again.payload, payload)
})

test('asking again with the same key answers the same run, also after another replay', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const first = await replayed(letter, owner, 'one')
  const second = await replayed(letter, owner, 'two')
  assert.notDeepEqual(second, first)
  assert.deepEqual(await replayed(letter, owner, 'one'), first)
  assert.deepEqual(await replayed(letter, owner, 'two'), second)
})

test('of many who ask at once with one key, one makes the run and all are told of it', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const asked = Array.from({ length: 8 }, () => replayed(letter, owner, 'same'))
  const runs = await Promise.all(asked)
  assert.equal(new Set(runs.map(run => run.scheduledAt)).size, 1)
})

test('replays of one job at once get fire times of their own, none on the trigger’s grid', async () => {
  const owner = someone()
  const firstFireAt = await fromNow(db, -1_000)
  const job = aJob({ owner, trigger: byCron('* * * * * *', firstFireAt) })
  await createJobs(db, [job])
  const run = await startOf(job)
  await end(run, 'no route')
  const asked = Array.from({ length: 20 }, () => replayed(run, owner))
  const fireTimes = (await Promise.all(asked)).map(each => each.scheduledAt)
  assert.equal(new Set(fireTimes).size, 20)
  for (const at of fireTimes) assert.notEqual(at % 1_000, 0)
})

test('of many who want only what is open, one replays each letter and the others leave it alone', async () => {
  const owner = someone()
  const letters = [await aLetter('one', { owner }), await aLetter('two', { owner })]
  const options = { owner, requestedBy: owner, requestKey: null, onlyOpen: true }
  const replays = letters.map(({ jobId, scheduledAt }) => ({ jobId, scheduledAt, payload: null }))
  const asked = Array.from({ length: 8 }, () => replayLetters(db, replays, options))
  const became = (await Promise.all(asked)).flat()
  const kinds = became.map(each => each.kind)
  assert.equal(kinds.filter(kind => kind === 'replayed').length, 2)
  assert.equal(kinds.filter(kind => kind === 'left alone').length, 14)
  // Whoever names one may replay it again all the same.
  await replayed(letters[0]!, owner)
})

test('what was dropped is left alone by whoever wants only what is open', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  await dismissLetters(db, owner, [letter])
  const options = { owner, requestedBy: owner, requestKey: null, onlyOpen: true }
  const [became] = await replayLetters(db, [{ ...letter, payload: null }], options)
  assert.equal(became?.kind, 'left alone')
})

test('a run that is named twice in one request is replayed once', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const [one, two] = await replay([letter, letter], owner)
  assert.deepEqual(one, two)
})

test('a recurring job that failed for good stays FAILED while its dead letter is replayed', async () => {
  const owner = someone()
  const job = aJob({ owner, trigger: byCron('0 0 0 1 1 *', await fromNow(db, -1_000)) })
  await createJobs(db, [job])
  const run = await startOf(job)
  await end(run, 'payload.to must be an address', true)
  assert.equal(await statusOf(job.jobId, owner), 'FAILED')
  await replayed(run, owner)
  const again = await startOf(job)
  assert.equal(again.reason, 'REPLAY')
  await end(again, null)
  assert.equal(await statusOf(job.jobId, owner), 'FAILED')
})

test('a paused job’s dead letter can be replayed, a cancelled one’s cannot', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  await db.query(sql`
    update job_definitions set state = 'PAUSED', paused_at = now()
     where job_id = ${uuidOf(letter.jobId)}`)
  await replayed(letter, owner)
  assert.equal((await startOf(letter)).reason, 'REPLAY')

  const job = aJob({ owner, trigger: byCron('0 0 0 1 1 *', await fromNow(db, -1_000)) })
  await createJobs(db, [job])
  const run = await startOf(job)
  await end(run, 'no route')
  await db.query(sql`
    insert into runs_live (job_id, scheduled_at, due_at, wake_at, max_attempts, recurring, status,
                           owner)
    values (${uuidOf(job.jobId)}, now() + interval '1 hour', now() + interval '1 hour',
            now() + interval '1 hour', 3, true, 'PENDING', ${owner})`)
  assert.equal((await cancelJob(db, job.jobId, owner)).kind, 'done')
  assert.deepEqual(
    (await replay([run], owner)).map(each => each.kind),
    ['cancelled'],
  )
})

test('what is no dead letter, or another owner’s, or of a deleted job, is not replayed', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  const kinds = async (run: Started, by: UserId) => (await replay([run], by)).map(e => e.kind)
  assert.deepEqual(await kinds(letter, someone()), ['unknown'])
  const never = { ...letter, scheduledAt: instant(letter.scheduledAt + 5) }
  assert.deepEqual(await kinds(never, owner), ['unknown'])
  const job = aJob({ owner })
  await createJobs(db, [job])
  const running = await startOf(job)
  assert.deepEqual(await kinds(running, owner), ['unknown'])
  await end(running, null)
  assert.deepEqual(await kinds(running, owner), ['unknown'])
  await db.query(sql`
    update job_definitions set state = 'DELETED' where job_id = ${uuidOf(letter.jobId)}`)
  assert.deepEqual(await kinds(letter, owner), ['unknown'])
  assert.deepEqual(await listLetters(db, owner, any, page), [])
})

test('an owner’s dead letters come latest first, page by page, and are nobody else’s', async () => {
  const owner = someone()
  const letters = [await aLetter('1', { owner }), await aLetter('2', { owner })]
  letters.push(await aLetter('3', { owner }))
  // Failures of one instant are told apart by their keys.
  await db.query(sql`
    update runs_done set finished_at = date_trunc('second', finished_at) + interval '123 microseconds'
     where owner = ${owner}`)
  const seen: string[] = []
  for (let after = null as LetterPlaceOrNull; ; ) {
    const [letter] = await listLetters(db, owner, any, { after, limit: 1 })
    if (letter === undefined) break
    seen.push(letter.jobId)
    after = letter.place
  }
  assert.equal(seen.length, 3)
  assert.deepEqual(new Set(seen), new Set(letters.map(letter => letter.jobId)))
  assert.deepEqual(await listLetters(db, someone(), any, page), [])
})

type LetterPlaceOrNull = Parameters<typeof listLetters>[3]['after']

test('dead letters are found by job, task, time, error, and what became of them', async () => {
  const owner = someone()
  const mail = await aLetter('No route to 100%_host', { owner })
  const call = await aLetter('timeout', { owner, payload: { task: 'Http_Request' } })
  const find = async (filter: Partial<LetterFilter>) => {
    const found = await listLetters(db, owner, { ...any, ...filter }, page)
    return found.map(letter => letter.jobId)
  }
  assert.deepEqual(await find({ jobId: mail.jobId }), [mail.jobId])
  assert.deepEqual(await find({ task: 'http_request' }), [call.jobId])
  assert.deepEqual(await find({ error: 'ROUTE to 100%_' }), [mail.jobId])
  assert.deepEqual(await find({ error: '%' }), [mail.jobId])
  const [latest] = await listLetters(db, owner, any, page)
  assert.deepEqual(await find({ from: instant(latest!.failedAt + 1) }), [])
  assert.equal((await find({ to: instant(latest!.failedAt + 1) })).length, 2)
  await replayed(mail, owner)
  assert.deepEqual(await find({ replayed: false }), [call.jobId])
  assert.deepEqual(await find({ replayed: true }), [mail.jobId])
  await dismissLetters(db, owner, [call])
  assert.deepEqual(await find({ dismissed: false }), [mail.jobId])
})

test('dismissing twice is as dismissing once, and only one’s own dead letters', async () => {
  const owner = someone()
  const letter = await aLetter('no route', { owner })
  assert.deepEqual(await dismissLetters(db, someone(), [letter]), [])
  assert.equal((await dismissLetters(db, owner, [letter])).length, 1)
  const first = (await readLetter(db, owner, letter))?.dismissedAt
  assert.equal((await dismissLetters(db, owner, [letter])).length, 1)
  assert.equal((await readLetter(db, owner, letter))?.dismissedAt, first)
})

test('the list of dead letters walks an index that holds no other runs', async () => {
  const { rows } = await db.query<{ 'QUERY PLAN': string }>(sql`
    explain select * from dead_letters
     where owner = 'alice' and (failed_at, job_id, scheduled_at) < (
             now(), 'ffffffff-ffff-ffff-ffff-ffffffffffff', now())
     order by failed_at desc, job_id desc, scheduled_at desc limit 10`)
  const plan = rows.map(row => row['QUERY PLAN']).join('\n')
  assert.match(plan, /Index Scan using runs_done_failed_by_owner/)
  assert.doesNotMatch(plan, /Sort/)
})
