import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Fence, type Instant, runIdOf, type UserId } from '@cronos/domain'
import { aJob, freshDatabase } from '@cronos/testkit'
import {
  catchMail,
  claimRuns,
  createJobs,
  listMails,
  mailIdOf,
  parseMailId,
  readMail,
  type Started,
  startRuns,
} from '../index.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const bob = 'bob' as UserId

async function aRunningRunOf(owner: UserId): Promise<Started> {
  await createJobs(db, [aJob({ owner })])
  const options = { limit: 1, dispatchLeaseMs: 5_000, takeOver: false }
  const [claimed] = await db.transaction(tx => claimRuns(tx, options))
  const event = { ...claimed!, attempt: 1 }
  const [run] = await startRuns(db, [event], { executor: 'one', leaseMs: 60_000, again: false })
  return run!
}

const mail = (subject: string) => ({
  messageId: '<one@example.com>',
  from: 'Cronos <cronos@example.com>',
  to: ['a@example.com', 'b@example.com'],
  subject,
  text: 'Grüße',
  html: '<p>Grüße</p>',
  raw: Buffer.from('Subject: one\r\n\r\nGrüße'),
})

test('a caught mail is read whole by the owner of the job', async () => {
  const alice = 'alice' as UserId
  const run = await aRunningRunOf(alice)
  assert.equal(await catchMail(db, run, mail('one')), true)
  const found = await readMail(db, alice, mailIdOf(run))
  const { createdAt, raw, ...parts } = found!
  const { raw: sent, ...sentParts } = mail('one')
  assert.deepEqual(Buffer.from(raw), sent)
  assert.deepEqual(parts, {
    ...sentParts,
    mailId: mailIdOf(run),
    runId: runIdOf(run),
    size: sent.length,
  })
})

test('a run has one mail, however many attempts write it', async () => {
  const owner = 'carol' as UserId
  const run = await aRunningRunOf(owner)
  assert.equal(await catchMail(db, run, mail('first')), true)
  assert.equal(await catchMail(db, run, mail('second')), true)
  assert.deepEqual(
    (await listMails(db, owner, { limit: 10, offset: 0 })).map(({ subject }) => subject),
    ['first'],
  )
})

test('an executor that was fenced out leaves no mail', async () => {
  const owner = 'dave' as UserId
  const run = await aRunningRunOf(owner)
  assert.equal(await catchMail(db, { ...run, fence: (run.fence - 1) as Fence }, mail('x')), false)
  assert.deepEqual(await listMails(db, owner, { limit: 10, offset: 0 }), [])
})

test('mails are listed newest first, a page at a time', async () => {
  const owner = 'erin' as UserId
  for (const subject of ['one', 'two', 'three'])
    await catchMail(db, await aRunningRunOf(owner), mail(subject))
  const subjects = async (offset: number) =>
    (await listMails(db, owner, { limit: 2, offset })).map(found => found.subject)
  assert.deepEqual([await subjects(0), await subjects(2)], [['three', 'two'], ['one']])
})

test('nobody but the owner sees a mail, or that there is one', async () => {
  const run = await aRunningRunOf('frank' as UserId)
  await catchMail(db, run, mail('secret'))
  assert.equal(await readMail(db, bob, mailIdOf(run)), null)
  assert.deepEqual(await listMails(db, bob, { limit: 10, offset: 0 }), [])
})

test('a text that names no mail finds none', async () => {
  const run = await aRunningRunOf(bob)
  for (const text of ['', 'mail_', 'mail_1', runIdOf(run), `${mailIdOf(run)}0`, "mail_' or 1=1"])
    assert.equal(await readMail(db, bob, text), null, text)
  const ancient = mailIdOf({ ...run, scheduledAt: -8.64e15 as Instant })
  assert.equal(await readMail(db, bob, ancient), null)
})

test('a mail id is read back as the run it names', async () => {
  const { jobId, scheduledAt } = await aRunningRunOf(bob)
  assert.deepEqual(parseMailId(mailIdOf({ jobId, scheduledAt })), { jobId, scheduledAt })
})
