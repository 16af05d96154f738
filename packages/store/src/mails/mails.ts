import {
  formatInstant,
  type Instant,
  jobIdOf,
  parseInstant,
  type RunId,
  runIdOf,
  type UserId,
  uuidOf,
} from '@cronos/domain'
import type { Db } from '../db.ts'
import type { FencedKey } from '../runs/keys.ts'
import { sql } from '../sql.ts'
import { type MailId, mailIdOf, parseMailId } from './mail-id.ts'

/** A mail as it would have gone out: its parts, and the whole message. */
export interface CaughtMail {
  /** With its angle brackets. */
  readonly messageId: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** RFC 5322, as an SMTP server would have got it. */
  readonly raw: Uint8Array
}

/** A mail in its owner's list. */
export interface MailInfo extends Pick<CaughtMail, 'messageId' | 'from' | 'to' | 'subject'> {
  readonly mailId: MailId
  readonly runId: RunId
  /** Of the whole message, in bytes. */
  readonly size: number
  readonly createdAt: Instant
}

export type StoredMail = MailInfo & Pick<CaughtMail, 'text' | 'html' | 'raw'>

/**
 * Keeps a run's mail if the run is still RUNNING under this fence. A run has one mail: where an
 * earlier attempt left it, that one stays, as it would with a server that knows its Message-ID.
 *
 * Served by the primary keys of `runs_live` and `mails`.
 *
 * @returns whether the run has its mail now; false means that somebody else holds the run
 */
export async function catchMail(db: Db, run: FencedKey, mail: CaughtMail): Promise<boolean> {
  const { rows } = await db.query<{ held: boolean }>(sql`
    with held as (
      select q.job_id, q.scheduled_at, q.owner
        from runs_live q
       where q.job_id = ${uuidOf(run.jobId)}
         and q.scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
         and not q.done
         and q.fence = ${run.fence}
         and q.status in ('RUNNING', 'DISPATCHED')
         for share),
    caught as (
      insert into mails (job_id, scheduled_at, owner, message_id, sender, recipients, subject,
                         text, html, raw)
      select job_id, scheduled_at, owner, ${mail.messageId}, ${mail.from}, ${mail.to}::text[],
             ${mail.subject}, ${mail.text}, ${mail.html}, ${Buffer.from(mail.raw)}::bytea
        from held
          on conflict do nothing)
    select exists (select from held) as held`)
  return rows[0]!.held
}

/** Where a page of mails ends: the next one begins after it. */
export interface MailPage {
  /** 1 or more. */
  readonly limit: number
  readonly offset: number
}

/** This owner's mails, newest first. Served by `mails_by_owner`. */
export async function listMails(db: Db, owner: UserId, page: MailPage): Promise<MailInfo[]> {
  const { rows } = await db.query<RawMail>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", message_id as "messageId",
           sender as "from", recipients as "to", subject, octet_length(raw) as size,
           created_at as "createdAt"
      from mails
     where owner = ${owner}
     order by created_at desc, job_id desc, scheduled_at desc
     limit ${page.limit}::int offset ${page.offset}::bigint`)
  return rows.map(toMail)
}

/** Null when the text names no mail, or another owner's. Served by the primary key. */
export async function readMail(db: Db, owner: UserId, mailId: string): Promise<StoredMail | null> {
  const run = parseMailId(mailId)
  if (run === null || parseInstant(formatInstant(run.scheduledAt)) === null) return null
  const { rows } = await db.query<RawMail & Pick<CaughtMail, 'text' | 'html' | 'raw'>>(sql`
    select job_id as "jobUuid", scheduled_at as "scheduledAt", message_id as "messageId",
           sender as "from", recipients as "to", subject, octet_length(raw) as size,
           created_at as "createdAt", text, html, raw
      from mails
     where job_id = ${uuidOf(run.jobId)}
       and scheduled_at = ${formatInstant(run.scheduledAt)}::timestamptz(3)
       and owner = ${owner}`)
  return rows.map(toMail)[0] ?? null
}

interface RawMail extends Omit<MailInfo, 'mailId' | 'runId'> {
  readonly jobUuid: string
  readonly scheduledAt: Instant
}

function toMail<Row extends RawMail>({ jobUuid, scheduledAt, ...mail }: Row) {
  const run = { jobId: jobIdOf(jobUuid), scheduledAt }
  return { mailId: mailIdOf(run), runId: runIdOf(run), ...mail }
}
