import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { UserId } from '@cronos/domain'
import { type FreshDatabase, freshDatabase } from '@cronos/testkit'
import type { Pool } from '../db.ts'
import { sql } from '../sql.ts'
import { createUser, type NewUser, replaceHash } from './create.ts'
import { readCredentials, readUser } from './read.ts'
import { readContacts, resolveUsernames } from './resolve.ts'

let database: FreshDatabase
let db: Pool
before(async () => {
  database = await freshDatabase('users')
  db = database.pool('general')
})
after(() => database[Symbol.asyncDispose]())

let count = 0
function aUser(over: Partial<NewUser> = {}): NewUser {
  const name = `user-${++count}`
  const userId = name as UserId
  return { userId, username: name, email: `${name}@example.com`, passwordHash: 'kept', ...over }
}

test('a new user has the role and the scopes that everybody has', async () => {
  const user = aUser()
  assert.equal(await createUser(db, user), 'created')
  const found = {
    userId: user.userId,
    username: user.username,
    roles: ['ROLE_USER'],
    scopes: ['jobs.create', 'jobs.read', 'jobs.update'],
  }
  assert.deepEqual(await readUser(db, user.userId), found)
  const credentials = await readCredentials(db, user.username)
  assert.deepEqual(credentials, { ...found, passwordHash: 'kept' })
})

test('letter case counts in a username', async () => {
  const user = aUser()
  await createUser(db, user)
  assert.equal(await readCredentials(db, user.username.toUpperCase()), null)
  assert.equal(await createUser(db, aUser({ username: user.username.toUpperCase() })), 'created')
})

test('a taken username comes before a taken email', async () => {
  const { username, email } = aUser()
  await createUser(db, aUser({ username, email }))
  assert.equal(await createUser(db, aUser({ username, email })), 'username-taken')
  assert.equal(await createUser(db, aUser({ email })), 'email-taken')
})

test('of many sign-ups at once for one name exactly one wins, and leaves one user', async () => {
  const { username } = aUser()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => createUser(db, aUser({ username }))),
  )
  assert.equal(answers.filter(answer => answer === 'created').length, 1)
  assert.equal(answers.filter(answer => answer === 'username-taken').length, 19)
  const { rowCount } = await db.query(sql`select from user_entity where username = ${username}`)
  assert.equal(rowCount, 1)
})

test('names and ids are resolved in the order asked, null for unknown', async () => {
  const [one, two] = [aUser(), aUser()]
  await createUser(db, one)
  await createUser(db, two)
  const names = [two.username, 'ghost', one.username, two.username]
  assert.deepEqual(await resolveUsernames(db, names), [
    { username: two.username, userId: two.userId },
    { username: 'ghost', userId: null },
    { username: one.username, userId: one.userId },
    { username: two.username, userId: two.userId },
  ])
  assert.deepEqual(await readContacts(db, ['ghost', one.userId]), [
    { userId: 'ghost', email: null },
    { userId: one.userId, email: one.email },
  ])
})

test('scopes are those of all roles together, each once', async () => {
  const user = aUser()
  await createUser(db, user)
  await db.query(sql`insert into role_entity values ('ROLE_AUDITOR')`)
  await db.query(
    sql`insert into role_scopes values ('ROLE_AUDITOR', 'audit.read'), ('ROLE_AUDITOR', 'jobs.read')`,
  )
  await db.query(sql`insert into user_roles values (${user.userId}, 'ROLE_AUDITOR')`)
  const found = await readUser(db, user.userId)
  assert.deepEqual(found?.roles, ['ROLE_AUDITOR', 'ROLE_USER'])
  assert.deepEqual(found?.scopes, ['audit.read', 'jobs.create', 'jobs.read', 'jobs.update'])
})

test('a newer hash replaces only the one that it was made for', async () => {
  const user = aUser()
  await createUser(db, user)
  await replaceHash(db, user.userId, 'another', 'newer')
  assert.equal((await readCredentials(db, user.username))?.passwordHash, 'kept')
  await replaceHash(db, user.userId, 'kept', 'newer')
  assert.equal((await readCredentials(db, user.username))?.passwordHash, 'newer')
})
