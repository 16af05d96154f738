import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** In the order asked; null where nobody has the name. */
export interface ResolvedUser {
  readonly username: string
  readonly userId: string | null
}

/** In the order asked; null where nobody has the id. */
export interface Contact {
  readonly userId: string
  readonly email: string | null
}

const resolve = prepared('users-resolve')
const contact = prepared('users-contact')

/** Served by `user_entity_username_key`. */
export async function resolveUsernames(
  db: Db,
  usernames: readonly string[],
): Promise<ResolvedUser[]> {
  const { rows } = await db.query<ResolvedUser>(resolve`
    select asked.username, users.id as "userId"
      from unnest(${usernames}::text[]) with ordinality as asked (username, place)
      left join user_entity users on users.username = asked.username
     order by asked.place`)
  return rows
}

/** Served by the primary key of `user_entity`. */
export async function readContacts(db: Db, userIds: readonly string[]): Promise<Contact[]> {
  const { rows } = await db.query<Contact>(contact`
    select asked.id as "userId", users.email
      from unnest(${userIds}::text[]) with ordinality as asked (id, place)
      left join user_entity users on users.id = asked.id
     order by asked.place`)
  return rows
}
