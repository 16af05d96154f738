import { formatInstant } from '@cronos/domain'
import type { TaskContext } from '../task.ts'
import type { Mail } from './mailer.ts'

/** A mail with everything that a message needs. */
export interface ComposedMail {
  readonly messageId: string
  readonly from: string
  readonly to: string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: Record<string, string>
  readonly disableFileAccess: true
  readonly disableUrlAccess: true
}

/**
 * Adds what a message needs: the sender, an HTML form of the text, and a Message-ID fixed by the
 * run, so that a mail server and a reader can tell a second attempt's mail from a second mail.
 *
 * @param from an address, alone or as `Name <address>`
 */
export function compose(mail: Mail, from: string, context: TaskContext): ComposedMail {
  const domain = /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost'
  return {
    messageId: `<${context.runId}@${domain}>`,
    from,
    to: [...mail.to],
    subject: mail.subject,
    text: mail.text,
    html: toHtml(mail.text),
    headers: {
      'Auto-Submitted': 'auto-generated', // RFC 3834: keeps holiday replies away
      'Cronos-Job-Id': context.jobId,
      'Cronos-Run-Id': context.runId,
      'Cronos-Scheduled-At': formatInstant(context.scheduledAt),
      'Cronos-Attempt': String(context.attempt),
      'Cronos-Fence': String(context.fence),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The text as a page: nothing in it is markup. */
function toHtml(text: string): string {
  const escaped = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
  return `<!doctype html>
<html>
<head><meta charset="utf-8"></head>
<body style="margin:24px;font:15px/1.5 system-ui,sans-serif;color:#1f2933">
<div style="max-width:640px;white-space:pre-wrap">${escaped}</div>
</body>
</html>
`
}
