import type { UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared, sql } from '../sql.ts'

/** A mail's text kept under a name; both parts may hold Liquid. */
export interface MailTemplate {
  readonly name: string
  readonly subject: string | null
  readonly body: string
}

/** Null where this owner has none of that name. Served by the primary key. */
export async function findMailTemplate(
  db: Db,
  owner: UserId,
  name: string,
): Promise<MailTemplate | null> {
  const { rows } = await db.query<MailTemplate>(prepared('find-mail-template')`
    select name, subject, body from mail_templates where owner = ${owner} and name = ${name}`)
  return rows[0] ?? null
}

/** Keeps a template, in place of the one that had its name. */
export async function putMailTemplate(db: Db, owner: UserId, mail: MailTemplate): Promise<void> {
  await db.query(sql`
    insert into mail_templates (owner, name, subject, body)
    values (${owner}, ${mail.name}, ${mail.subject}, ${mail.body})
        on conflict (owner, name) do update
           set subject = excluded.subject, body = excluded.body, updated_at = now()`)
}
