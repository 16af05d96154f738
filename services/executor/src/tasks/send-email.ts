import { findMailTemplate } from '@cronos/store'
import { type Static, Type } from 'typebox'
import { isAddress } from '../mail/address.ts'
import type { Sent } from '../mail/mailer.ts'
import { show } from '../registry.ts'
import { defineTask, PermanentError, type TaskContext } from '../task.ts'
import { renderTexts } from '../template/render.ts'

const MOST_RECIPIENTS = 100
/** Characters of a rendered text. */
const LONGEST_TEXT = 1_000_000
const LONGEST_SUBJECT = 500
/** Of a subject that is made from the text. */
const SHORT_SUBJECT = 78

const payload = Type.Object({
  template: Type.String({
    pattern: '\\S',
    maxLength: LONGEST_TEXT,
    description: 'the name of a stored template or a text',
  }),
  to: Type.Optional(
    Type.Union(
      [
        Type.String(),
        Type.Array(Type.String(), { minItems: 1, maxItems: MOST_RECIPIENTS }),
        Type.Null(),
      ],
      { description: `an email address or a list of 1 to ${MOST_RECIPIENTS}` },
    ),
  ),
  subject: Type.Optional(
    Type.Union([Type.String({ pattern: '^\\P{Cc}*$' }), Type.Null()], {
      description: 'one line of text',
    }),
  ),
  data: Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description: 'an object of values for the template',
    }),
  ),
})

type Payload = Static<typeof payload>

/**
 * Sends a mail: a stored template of the owner, or the text itself, filled with `data` by Liquid;
 * to whom the payload names, or to the job's owner.
 */
export default defineTask({
  name: 'send_email',
  payload,
  async run(payload, context) {
    const { tools, owner, signal } = context
    const recipients = namedRecipients(payload.to)
    const stored = await findMailTemplate(tools.db, owner, payload.template)
    const subjectText = payload.subject ?? stored?.subject ?? ''
    const rendered = await renderTexts(
      tools.workers,
      { texts: [stored?.body ?? payload.template, subjectText], data: dataFor(payload, context) },
      signal,
    )
    const [text = '', subject = ''] = rendered.map(toStorable)
    if (text.length > LONGEST_TEXT)
      throw new PermanentError(
        `payload.template must render to at most ${LONGEST_TEXT} characters, got ${text.length}`,
      )
    const to = recipients ?? [await ownersAddress(context)]
    signal.throwIfAborted()
    const sent = await tools.mailer.send({ to, subject: subjectLine(subject, text), text }, context)
    tell(sent, context)
    return sent
  },
})

function tell({ delivery, messageId, accepted, rejected }: Sent, { log }: TaskContext): void {
  const message =
    delivery === 'SMTP'
      ? 'the server took the mail'
      : 'the mail was caught: no server is configured'
  log.info(message, { messageId, recipients: accepted.length })
  if (rejected.length > 0) log.warn('the server refused recipients', { rejected })
}

function namedRecipients(to: Payload['to']): string[] | null {
  if (to === undefined || to === null) return null
  const addresses = (Array.isArray(to) ? to : [to]).map(address => address.trim())
  for (const address of addresses)
    if (!isAddress(address))
      throw new PermanentError(
        `payload.to must be an address such as alice@example.com, got ${show(address)}`,
      )
  return [...new Set(addresses)]
}

async function ownersAddress({ tools, owner }: TaskContext): Promise<string> {
  const email = await tools.contacts.emailOf(owner)
  if (email === null)
    throw new PermanentError(
      `payload.to must name an address, because the job's owner ${owner} has none`,
    )
  return email
}

/** The payload's data, and under `cronos` which run it is. */
function dataFor({ data }: Payload, { jobId, runId, scheduledAt, attempt }: TaskContext) {
  const at = new Date(scheduledAt).toISOString()
  return { ...data, cronos: { jobId, runId, scheduledAt: at, attempt } }
}

/** A filter such as `url_decode` can make characters that no mail and no table holds. */
function toStorable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/** What was rendered, or else the text's first line; on one line whatever the data held. */
function subjectLine(subject: string, text: string): string {
  const line = toLine(subject)
  if (line !== '') return cut(line, LONGEST_SUBJECT)
  return cut(toLine(/\S.*/.exec(text)?.[0] ?? ''), SHORT_SUBJECT)
}

function toLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

function cut(line: string, length: number): string {
  const characters = [...line] // never half a surrogate pair
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : line
}
