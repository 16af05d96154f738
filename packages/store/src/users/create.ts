import type { UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { isUniqueViolation } from '../faults.ts'
import { sql } from '../sql.ts'

export interface NewUser {
  readonly userId: UserId
  readonly username: string
  /** Lower-cased. */
  readonly email: string
  /** As the password is kept, never the password. */
  readonly passwordHash: string
}

/** What became of a sign-up. Of several at once for one name exactly one is `created`. */
export type SignUp = 'created' | 'username-taken' | 'email-taken'

/** Makes a user with the role that everybody has, or nothing when username or email is taken. */
export async function createUser(db: Db, user: NewUser): Promise<SignUp> {
  const { userId, username, email, passwordHash } = user
  try {
    await db.query(sql`
      with created as (
        insert into user_entity (id, username, email, password)
        values (${userId}, ${username}, ${email}, ${passwordHash})
        returning id)
      insert into user_roles (user_id, role_name)
      select id, 'ROLE_USER' from created`)
    return 'created'
  } catch (error) {
    // The unique indexes decide, not a look beforehand: somebody may be faster.
    if (isUniqueViolation(error, 'user_entity_username_key')) return 'username-taken'
    if (isUniqueViolation(error, 'user_entity_email_key')) return 'email-taken'
    throw error
  }
}

/** Keeps a newer hash of the same password, unless the password has changed meanwhile. */
export async function replaceHash(
  db: Db,
  userId: UserId,
  outdated: string,
  newer: string,
): Promise<void> {
  await db.query(sql`
    update user_entity
       set password = ${newer}
     where id = ${userId}
       and password = ${outdated}`)
}
