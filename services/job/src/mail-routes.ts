import { CronosError, MailDetails, MailSummary } from '@cronos/contract'
import { formatInstant } from '@cronos/domain'
import { type HttpApp, userWith } from '@cronos/runtime'
import { listMails, type MailInfo, type Pool, readMail } from '@cronos/store'
import { Type } from 'typebox'
import { quote } from './quote.ts'

const MailPath = Type.Object({ mailId: Type.String() })
const MailQuery = Type.Object({
  size: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
  page: Type.Integer({ default: 1 }),
})

/** The mailbox that catches mails where no SMTP server is configured. */
export function addMailRoutes(app: HttpApp, { reads }: { reads: Pool }): void {
  app.get(
    '/api/v1/mails',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['mails'],
        summary: 'List the caught mails of your jobs, newest first',
        querystring: MailQuery,
        response: { 200: Type.Array(MailSummary) },
      },
    },
    async request => {
      const { size, page } = request.query
      const offset = (Math.max(1, page) - 1) * size
      const mails = await listMails(reads, request.caller.userId, { limit: size, offset })
      return mails.map(toSummary)
    },
  )

  app.get(
    '/api/v1/mails/:mailId',
    {
      config: { access: userWith('jobs.read') },
      schema: {
        tags: ['mails'],
        summary: 'Read a caught mail',
        params: MailPath,
        response: { 200: MailDetails },
      },
    },
    async request => {
      const { mailId } = request.params
      const mail = await readMail(reads, request.caller.userId, mailId)
      if (mail === null)
        throw new CronosError('MAIL_NOT_FOUND', `There is no mail ${quote(mailId)}`)
      const { text, html, raw } = mail
      return { ...toSummary(mail), text, html, raw: Buffer.from(raw).toString('utf8') }
    },
  )
}

function toSummary(mail: MailInfo): MailSummary {
  const { mailId, runId, messageId, from, to, subject, size, createdAt } = mail
  return {
    ...{ mailId, runId, messageId, from, subject, size },
    to: [...to],
    createdAt: formatInstant(createdAt),
  }
}
