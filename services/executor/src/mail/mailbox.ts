import { catchMail, type Db } from '@cronos/store'
import { FencedOutError } from '../task.ts'
import { compose } from './compose.ts'
import type { Mailer } from './mailer.ts'

/** Keeps mails in the database, where their owners read them, instead of sending them. */
export function openMailbox(db: Db, from: string): Mailer {
  return {
    async send(mail, context) {
      const message = compose(mail, from, context)
      const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
      const raw = await new MailComposer(message).compile().build()
      context.signal.throwIfAborted()
      if (!(await catchMail(db, context, { ...message, raw })))
        throw new FencedOutError('the mail was not caught: the run is no longer this attempt’s')
      return { messageId: message.messageId, delivery: 'CAUGHT', accepted: mail.to, rejected: [] }
    },
    async [Symbol.asyncDispose]() {},
  }
}
