import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Fence, UserId } from '@cronos/domain'
import { aJob, freshDatabase, passTime } from '@cronos/testkit'
import {
  claimRuns,
  createJobs,
  type Db,
  hasCode,
  listArtifacts,
  MAX_ARTIFACT_BYTES,
  readArtifact,
  type Started,
  saveArtifact,
  sql,
  startRuns,
} from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const bob = 'bob' as UserId

async function aRunningRun(): Promise<Started> {
  await db.query(sql`delete from runs_live`)
  await createJobs(db, [aJob()])
  return startNext()
}

/** Starts the next attempt of the only run there is. */
async function startNext(): Promise<Started> {
  const options = { limit: 1, dispatchLeaseMs: 5_000, takeOver: false }
  const [claimed] = await db.transaction(tx => claimRuns(tx, options))
  const event = { ...claimed!, attempt: claimed!.attempt + 1 }
  const [run] = await startRuns(db, [event], { executor: 'one', leaseMs: 10_000, again: false })
  return run!
}

/** What a takeover does to the holder: the fence moves on under it. */
async function takeOver(db: Db, run: Started): Promise<Started> {
  await db.query(sql`
    update runs_live set status = 'PENDING', wake_at = now() where fence = ${run.fence}`)
  await passTime(db)
  return startNext()
}

const text = (words: string) => ({
  name: 'notes.txt',
  contentType: 'text/plain',
  bytes: Buffer.from(words),
})

test('what a running run makes is kept with it, byte by byte', async () => {
  const run = await aRunningRun()
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  const artifact = { name: 'every byte.bin', contentType: 'application/octet-stream', bytes }
  assert.equal(await saveArtifact(db, run, artifact), true)
  const kept = await readArtifact(db, alice, run, 'every byte.bin')
  assert.deepEqual(new Uint8Array(kept!.bytes), bytes)
  assert.equal(kept!.contentType, 'application/octet-stream')
  assert.equal(kept!.size, 256)
})

test('an attempt puts its artifact in place of its own earlier one', async () => {
  const run = await aRunningRun()
  await saveArtifact(db, run, text('first'))
  await saveArtifact(db, run, text('second'))
  assert.deepEqual(
    (await listArtifacts(db, alice, run)).map(({ name, size }) => [name, size]),
    [['notes.txt', 6]],
  )
})

test('an executor that was fenced out keeps nothing, its successor does', async () => {
  const lost = await aRunningRun()
  const holder = await takeOver(db, lost)
  assert.ok(holder.fence > lost.fence)
  assert.equal(await saveArtifact(db, holder, text('the holder')), true)
  assert.equal(await saveArtifact(db, lost, text('too late')), false)
  const kept = await readArtifact(db, alice, lost, 'notes.txt')
  assert.equal(Buffer.from(kept!.bytes).toString(), 'the holder')
})

test('a fence that was never given keeps nothing', async () => {
  const run = await aRunningRun()
  const ahead = { ...run, fence: (run.fence + 1) as Fence }
  assert.equal(await saveArtifact(db, ahead, text('ahead')), false)
})

test('a run that is not running keeps nothing', async () => {
  const run = await aRunningRun()
  await db.query(sql`delete from runs_live`)
  assert.equal(await saveArtifact(db, run, text('ended')), false)
  assert.deepEqual(await listArtifacts(db, alice, run), [])
})

test('nobody but the owner sees an artifact, or that there is one', async () => {
  const run = await aRunningRun()
  await saveArtifact(db, run, text('mine'))
  assert.equal(await readArtifact(db, bob, run, 'notes.txt'), null)
  assert.deepEqual(await listArtifacts(db, bob, run), [])
})

test('an artifact holds at most 20 MiB', async () => {
  const run = await aRunningRun()
  const largest = { ...text(''), bytes: Buffer.alloc(MAX_ARTIFACT_BYTES) }
  assert.equal(await saveArtifact(db, run, largest), true)
  const larger = { ...text(''), bytes: Buffer.alloc(MAX_ARTIFACT_BYTES + 1) }
  await assert.rejects(saveArtifact(db, run, larger), error => hasCode(error, '23514'))
})
