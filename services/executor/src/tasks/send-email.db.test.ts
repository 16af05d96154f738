import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fence, type UserId } from '@cronos/domain'
import { listMails, putMailTemplate, readMail, type StoredMail } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'
import { startAttempt, unreachable } from '../../test/attempt.ts'
import { checkPayload } from '../registry.ts'
import type { TaskContext } from '../task.ts'
import { openTools } from '../tools.ts'
import sendEmail from './send-email.ts'

const database = await freshDatabase('jobs')
const db = database.pool('general')
const caught = openTools(db, unreachable)
// Nobody answers at the addresses above, so an owner's address is given here.
const tools = { ...caught, contacts: { emailOf: async (user: UserId) => emails.get(user) ?? null } }
const emails = new Map<string, string>()
after(async () => {
  await caught[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

type Payload = Parameters<typeof sendEmail.run>[0]

let owners = 0
function someone(): UserId {
  const owner = `owner${++owners}` as UserId
  emails.set(owner, `${owner}@example.com`)
  return owner
}

/** Runs the task, and reads the mail that its owner has now. */
async function mailOf(payload: Payload, owner = someone()): Promise<StoredMail> {
  checkPayload(sendEmail, payload)
  await sendEmail.run(payload, await startAttempt(db, tools, { owner }))
  const [newest] = await listMails(db, owner, { limit: 1, offset: 0 })
  return (await readMail(db, owner, newest!.mailId))!
}

test('a plain text goes to the owner of the job, with its first line as subject', async () => {
  const owner = someone()
  const mail = await mailOf({ template: 'sending email job now' }, owner)
  assert.deepEqual(mail.to, [`${owner}@example.com`])
  assert.equal(mail.from, 'Cronos <cronos@example.com>')
  assert.equal(mail.subject, 'sending email job now')
  assert.equal(mail.text, 'sending email job now')
  assert.match(mail.html, />sending email job now</)
})

test('a mail is kept as a server would have got it', async () => {
  const { raw, runId, messageId } = await mailOf({ template: 'Grüße aus Köln', subject: 'Hallo' })
  const message = Buffer.from(raw).toString()
  assert.equal(messageId, `<${runId}@example.com>`)
  assert.match(message, new RegExp(`^Message-ID:\\s+${messageId}\r$`, 'm'))
  assert.match(message, /^From: Cronos <cronos@example\.com>\r$/m)
  assert.match(message, /^Subject: Hallo\r$/m)
  assert.match(message, new RegExp(`^Cronos-Run-Id: ${runId}\r$`, 'im'))
  assert.match(message, /^Content-Type: multipart\/alternative;/m)
  assert.match(message, /Gr=C3=BC=C3=9Fe aus K=C3=B6ln/)
})

test('a second attempt of a run has the same Message-ID, and leaves one mail', async () => {
  const owner = someone()
  const attempt = await startAttempt(db, tools, { owner })
  const first = await sendEmail.run({ template: 'hello' }, attempt)
  assert.deepEqual(await sendEmail.run({ template: 'hello' }, { ...attempt, attempt: 2 }), first)
  assert.equal((await listMails(db, owner, { limit: 10, offset: 0 })).length, 1)
})

test('an attempt that has lost its run leaves no mail', async () => {
  const owner = someone()
  const attempt = await startAttempt(db, tools, { owner })
  const late = { ...attempt, fence: fence(attempt.fence - 1) }
  await assert.rejects(sendEmail.run({ template: 'hello' }, late), { name: 'FencedOutError' })
  assert.deepEqual(await listMails(db, owner, { limit: 10, offset: 0 }), [])
})

test('the payload names the recipients, each once', async () => {
  const one = await mailOf({ template: 'x', to: ' bob@example.com ' })
  assert.deepEqual(one.to, ['bob@example.com'])
  const list = ['bob@example.com', 'carol@example.com', 'bob@example.com']
  const several = await mailOf({ template: 'x', to: list })
  assert.deepEqual(several.to, ['bob@example.com', 'carol@example.com'])
})

test('a text and a subject are filled with the data, and with which run it is', async () => {
  const mail = await mailOf({
    template: 'Dear {{ name }}, run {{ cronos.runId }}',
    subject: 'Bill {{ number }}',
    data: { name: 'Alice <b>', number: 7 },
  })
  assert.equal(mail.text, `Dear Alice <b>, run ${mail.runId}`)
  assert.equal(mail.subject, 'Bill 7')
  assert.match(mail.html, /Dear Alice &lt;b&gt;,/)
})

test('a stored template of the owner is used by its name', async () => {
  const owner = someone()
  const template = { name: 'welcome', subject: 'Hi {{ name }}', body: 'Dear {{ name }}' }
  await putMailTemplate(db, owner, template)
  const mail = await mailOf({ template: 'welcome', data: { name: 'Bob' } }, owner)
  assert.deepEqual([mail.subject, mail.text], ['Hi Bob', 'Dear Bob'])
  const renamed = await mailOf({ template: 'welcome', subject: 'Other' }, owner)
  assert.equal(renamed.subject, 'Other')
})

test('another owner’s template is a mere text', async () => {
  await putMailTemplate(db, someone(), { name: 'secret-offer', subject: null, body: 'hidden' })
  assert.equal((await mailOf({ template: 'secret-offer' })).text, 'secret-offer')
})

test('no data breaks out of the subject’s line', async () => {
  const data = { name: 'x\r\nBcc: eve@example.com\r\n\r\nfake body' }
  const { subject, raw } = await mailOf({ template: 'hi', subject: 'To {{ name }}', data })
  assert.equal(subject, 'To x Bcc: eve@example.com fake body')
  assert.doesNotMatch(Buffer.from(raw).toString(), /^Bcc:/m)
})

test('a NUL that a filter makes is left out, as no table holds it', async () => {
  const mail = await mailOf({ template: 'a{{ "%00" | url_decode }}b' })
  assert.equal(mail.text, 'ab')
})

test('a first line that is long is cut for the subject, between characters', async () => {
  const { subject, text } = await mailOf({ template: `\n${'😀'.repeat(100)}\nmore` })
  assert.equal(subject, `${'😀'.repeat(77)}…`)
  assert.equal(text, `\n${'😀'.repeat(100)}\nmore`)
})

test('an owner without an address is told to name one', async () => {
  const attempt = await startAttempt(db, tools, { owner: 'ghost' as UserId })
  await assert.rejects(sendEmail.run({ template: 'hello' }, attempt), {
    name: 'PermanentError',
    message: "payload.to must name an address, because the job's owner ghost has none",
  })
})

test('a user-service that is away is worth another attempt', async () => {
  const attempt = await startAttempt(db, caught)
  const away = (error: Error) => error.name !== 'PermanentError'
  await assert.rejects(sendEmail.run({ template: 'hello' }, attempt), away)
})

test('an attempt that is aborted leaves no mail', async () => {
  const owner = someone()
  const signal = AbortSignal.abort(new Error('lease lost'))
  const attempt: TaskContext = await startAttempt(db, tools, { owner, signal })
  await assert.rejects(sendEmail.run({ template: 'hello' }, attempt), /^Error: lease lost$/)
  assert.deepEqual(await listMails(db, owner, { limit: 10, offset: 0 }), [])
})

test('a payload that cannot be mailed is refused for good, by its field', async () => {
  const attempt = await startAttempt(db, tools, { owner: someone() })
  const wrong: [Record<string, unknown>, string][] = [
    [{}, 'template'],
    [{ template: ' ' }, 'template'],
    [{ template: 5 }, 'template'],
    [{ template: '{{ broken' }, 'template'],
    [{ template: 'x', to: 5 }, 'to'],
    [{ template: 'x', to: [] }, 'to'],
    [{ template: 'x', to: 'alice' }, 'to'],
    [{ template: 'x', to: ['a@example.com', 'a@example.com\r\nBcc: b@example.com'] }, 'to'],
    [{ template: 'x', subject: 'a\r\nBcc: b@example.com' }, 'subject'],
    [{ template: 'x', data: [1] }, 'data'],
  ]
  for (const [payload, field] of wrong) {
    const run = async () => {
      checkPayload(sendEmail, payload)
      await sendEmail.run(payload as Payload, attempt)
    }
    const message = new RegExp(`^payload\\.${field} must be`)
    await assert.rejects(run(), { name: 'PermanentError', message }, JSON.stringify(payload))
  }
})
