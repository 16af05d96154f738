import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { anAttempt, toolsWithoutDatabase } from '../../test/attempt.ts'
import { PermanentError } from '../task.ts'
import { openSmtp } from './smtp.ts'

const from = 'Cronos <cronos@example.com>'
const mail = { to: ['a@example.com', 'b@example.com'], subject: 'Grüße', text: 'hello\n.\nworld' }
const tools = toolsWithoutDatabase()

/** A real SMTP server, which keeps what it gets, and a mailer to it. */
async function startSmtp(options: SMTPServerOptions = {}) {
  const messages: { to: string[]; raw: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 1_000,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address)
        messages.push({ to, raw: Buffer.concat(chunks).toString() })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {}) // a client that hangs up is a test's own doing
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  const mailer = openSmtp({ host: '127.0.0.1', port, from, username: '', password: '' })
  return {
    port,
    messages,
    mailer,
    [Symbol.asyncDispose]: async () => {
      await mailer[Symbol.asyncDispose]()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

/** An answer of the server with this code, as `smtp-server` takes it. */
function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

test('a mail arrives as it was written, with a Message-ID fixed by its run', async () => {
  await using smtp = await startSmtp()
  const context = anAttempt(tools)
  const sent = await smtp.mailer.send(mail, context)
  const messageId = `<${context.runId}@example.com>`
  assert.deepEqual(sent, { messageId, delivery: 'SMTP', accepted: mail.to, rejected: [] })
  const [message] = smtp.messages
  assert.deepEqual(message?.to, mail.to)
  assert.match(message!.raw, new RegExp(`^Message-ID:\\s+${messageId}\r$`, 'm'))
  assert.match(message!.raw, /^Subject: =\?UTF-8\?/m)
  assert.match(message!.raw, /^hello\r\n\.\r\nworld\r$/m)
})

test('each attempt of a run sends the same Message-ID', async () => {
  await using smtp = await startSmtp()
  const context = anAttempt(tools)
  await smtp.mailer.send(mail, context)
  await smtp.mailer.send(mail, { ...context, attempt: context.attempt + 1 })
  const ids = smtp.messages.map(({ raw }) => /^Message-ID:\s+(.*)\r$/m.exec(raw)![1])
  const id = `<${context.runId}@example.com>`
  assert.deepEqual(ids, [id, id])
})

test('many mails share a few connections', async () => {
  let connections = 0
  await using smtp = await startSmtp({
    onConnect(_, done) {
      connections += 1
      done()
    },
  })
  const sending = Array.from({ length: 40 }, () => smtp.mailer.send(mail, anAttempt(tools)))
  await Promise.all(sending)
  assert.equal(smtp.messages.length, 40)
  assert.ok(connections <= 5, `${connections} connections`)
})

test('a sender or a message that the server refuses with 5xx is refused for good', async () => {
  const servers: SMTPServerOptions[] = [
    { onMailFrom: (_, __, done) => done(refusal(550, 'sender unknown')) },
    { onRcptTo: (_, __, done) => done(refusal(550, 'no such user')) },
    { onData: (stream, _, done) => stream.resume().on('end', () => done(refusal(554, 'spam'))) },
  ]
  for (const options of servers) {
    await using smtp = await startSmtp(options)
    await assert.rejects(smtp.mailer.send(mail, anAttempt(tools)), {
      name: 'PermanentError',
      message: /^the mail was refused: .*55[04]/,
    })
  }
})

test('a mail that the server puts off with 4xx is worth another attempt', async () => {
  const servers: SMTPServerOptions[] = [
    { onMailFrom: (_, __, done) => done(refusal(451, 'later')) },
    { onRcptTo: (_, __, done) => done(refusal(450, 'greylisted')) },
    { onData: (stream, _, done) => stream.resume().on('end', () => done(refusal(452, 'full'))) },
  ]
  for (const options of servers) {
    await using smtp = await startSmtp(options)
    await assert.rejects(smtp.mailer.send(mail, anAttempt(tools)), error => {
      assert.ok(error instanceof Error && !(error instanceof PermanentError))
      assert.match(error.message, /45[012]/)
      return true
    })
  }
})

test('recipients that are refused while others are not are told', async () => {
  await using smtp = await startSmtp({
    onRcptTo: ({ address }, _, done) =>
      done(address.startsWith('b') ? refusal(550, 'no such user') : null),
  })
  const { accepted, rejected } = await smtp.mailer.send(mail, anAttempt(tools))
  assert.deepEqual([accepted, rejected], [['a@example.com'], ['b@example.com']])
})

test('a password that the server refuses is the operator’s to mend: worth another attempt', async () => {
  await using smtp = await startSmtp({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (_, __, done) => done(new Error('wrong password')),
  })
  const account = { username: 'me', password: 'wrong' }
  await using mailer = openSmtp({ host: '127.0.0.1', port: smtp.port, from, ...account })
  await assert.rejects(mailer.send(mail, anAttempt(tools)), error => {
    assert.ok(error instanceof Error && !(error instanceof PermanentError))
    assert.match(error.message, /535/)
    return true
  })
})

test('name and password are given where they are configured', async () => {
  let seen: unknown
  await using smtp = await startSmtp({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth({ username, password }, _, done) {
      seen = { username, password }
      done(null, { user: username })
    },
  })
  const account = { username: 'me', password: 'right' }
  await using mailer = openSmtp({ host: '127.0.0.1', port: smtp.port, from, ...account })
  await mailer.send(mail, anAttempt(tools))
  assert.deepEqual(seen, account)
})

test('a server that is not there, or hangs up, is worth another attempt', async () => {
  const rude = createServer(socket => socket.destroy())
  rude.listen(0, '127.0.0.1')
  await once(rude, 'listening')
  const { port } = rude.address() as AddressInfo
  const transient = (error: Error) => !(error instanceof PermanentError)
  {
    await using mailer = openSmtp({ host: '127.0.0.1', port, from })
    await assert.rejects(mailer.send(mail, anAttempt(tools)), transient)
  }
  rude.close()
  await once(rude, 'close')
  await using mailer = openSmtp({ host: '127.0.0.1', port, from })
  await assert.rejects(mailer.send(mail, anAttempt(tools)), transient)
})

test('an attempt that is aborted while the server is slow lets go, with the abort’s reason', async () => {
  const abort = new AbortController()
  await using smtp = await startSmtp({
    onMailFrom() {
      abort.abort(new Error('lease lost')) // and never answers
    },
  })
  const sending = smtp.mailer.send(mail, anAttempt(tools, { signal: abort.signal }))
  await assert.rejects(sending, /^Error: lease lost$/)
})
