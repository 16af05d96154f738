import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool'
import { PermanentError } from '../task.ts'
import { compose } from './compose.ts'
import type { Mailer } from './mailer.ts'

export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** The sender: an address, alone or as `Name <address>`. */
  readonly from: string
  readonly username?: string
  readonly password?: string
}

const CONNECT_TIMEOUT_MS = 10_000
const SILENCE_TIMEOUT_MS = 30_000

/**
 * Sends mails through an SMTP server, on up to five connections that are kept for a while. TLS from
 * the start on port 465, else as soon as the server offers it.
 */
export function openSmtp(options: SmtpOptions): Mailer {
  let opening: ReturnType<typeof openTransport> | null = null
  return {
    async send(mail, context) {
      const { signal } = context
      signal.throwIfAborted()
      opening ??= openTransport(options)
      const transport = await opening
      const message = compose(mail, options.from, context)
      try {
        const sent = await unlessAborted(transport.sendMail(message), signal)
        return {
          messageId: message.messageId,
          delivery: 'SMTP',
          accepted: sent.accepted.map(addressOf),
          rejected: sent.rejected.map(addressOf),
        }
      } catch (error) {
        signal.throwIfAborted()
        throw judge(error)
      }
    },
    async [Symbol.asyncDispose]() {
      ;(await opening)?.close()
    },
  }
}

async function openTransport({ host, port, username, password }: SmtpOptions) {
  const { createTransport } = await import('nodemailer')
  const options: SMTPPoolOptions & { pool: true } = {
    pool: true,
    host,
    port,
    secure: port === 465,
    maxConnections: 5,
    maxMessages: 100,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    ...(username && { auth: { user: username, pass: password ?? '' } }),
  }
  return createTransport(options)
}

/** A mail on its way cannot be called back, but whoever waits for it can go. */
function unlessAborted<T>(sending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    sending.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * A 5xx about the sender, a recipient or the message would come again. One about the connection or
 * the password is the operator's to mend, and then the mail goes: that is worth another attempt.
 */
function judge(error: unknown): unknown {
  const { code, responseCode, message } = error as {
    code?: string
    responseCode?: number
    message: string
  }
  const aboutTheMail = code === 'EENVELOPE' || code === 'EMESSAGE'
  const refused = aboutTheMail && (responseCode ?? 0) >= 500
  return refused ? new PermanentError(`the mail was refused: ${message}`, { cause: error }) : error
}

function addressOf(recipient: string | { address: string }): string {
  return typeof recipient === 'string' ? recipient : recipient.address
}
