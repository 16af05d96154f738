import type { UserId } from '@cronos/domain'
import type { Db } from '../db.ts'
import { prepared } from '../sql.ts'

/** A user as tokens tell of them. */
export interface UserRow {
  readonly userId: UserId
  readonly username: string
  readonly roles: readonly string[]
  /** Of all the user's roles together. */
  readonly scopes: readonly string[]
}

export interface CredentialsRow extends UserRow {
  readonly passwordHash: string
}

const byName = prepared('users-by-name')
const byId = prepared('users-by-id')

/** Served by `user_entity_username_key`. */
export async function readCredentials(db: Db, username: string): Promise<CredentialsRow | null> {
  const { rows } = await db.query<CredentialsRow>(byName`
    select id as "userId", username, password as "passwordHash", roles, scopes
      from user_grants
     where username = ${username}`)
  return rows[0] ?? null
}

/** Served by the primary key of `user_entity`. */
export async function readUser(db: Db, userId: string): Promise<UserRow | null> {
  const { rows } = await db.query<UserRow>(byId`
    select id as "userId", username, roles, scopes
      from user_grants
     where id = ${userId}`)
  return rows[0] ?? null
}
