import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from '@cronos/store'
import { type Answer, type Identity, startIdentity } from './identity.ts'

let identity: Identity
before(async () => {
  identity = await startIdentity()
})
after(() => identity[Symbol.asyncDispose]())

const signUp = (body: unknown): Promise<Answer> =>
  identity.post(identity.user, '/api/v1/user/signup', body)

const password = 'correct-horse-7'

test('the walk-through: alice signs up', async () => {
  const { status, body } = await signUp({ username: 'alice', password, email: 'alice@example.com' })
  assert.equal(status, 200)
  assert.deepEqual(body, {
    status: 'SUCCESS',
    message: 'User registered successfully',
    data: { username: 'alice', email: 'alice@example.com' },
  })
})

test('the username is trimmed, the email trimmed and lower-cased', async () => {
  const asked = { username: '  Trim Me ', password, email: ' Trim@Example.com ' }
  assert.deepEqual((await signUp(asked)).body.data, {
    username: 'Trim Me',
    email: 'trim@example.com',
  })
})

test('a password is kept as a strong hash, under an id that is a ULID', async () => {
  await signUp({ username: 'hashed', password, email: 'hashed@example.com' })
  const { rows } = await identity.db.query<{ id: string; password: string }>(
    sql`select id, password from user_entity where username = 'hashed'`,
  )
  assert.match(rows[0]?.id ?? '', /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
  assert.match(rows[0]?.password ?? '', /^\$argon2id\$/)
})

test('what only the server may set is ignored, and listed as unknown', async () => {
  const asked = { username: 'sly', password, email: 'sly@example.com', roles: ['ROLE_ADMIN'] }
  const { status, body } = await signUp(asked)
  assert.equal(status, 200)
  assert.deepEqual(body.warnings, ['roles is not a field of this request and was ignored'])
})

describe('a name or address that is taken is a 409', () => {
  test('username', async () => {
    await signUp({ username: 'taken', password, email: 'taken@example.com' })
    const { status, body } = await signUp({ username: ' taken', password, email: 'o@example.com' })
    assert.equal(status, 409)
    assert.deepEqual(body, { status: 'CONFLICT', message: 'Username already taken' })
  })
  test('email, in any letter case', async () => {
    await signUp({ username: 'mailed', password, email: 'mailed@example.com' })
    const asked = { username: 'mailed-2', password, email: 'MAILED@example.com' }
    const { status, body } = await signUp(asked)
    assert.equal(status, 409)
    assert.deepEqual(body, { status: 'CONFLICT', message: 'Email already registered' })
  })
  test('but letter case counts in usernames', async () => {
    await signUp({ username: 'Case', password, email: 'case@example.com' })
    const { status } = await signUp({ username: 'case', password, email: 'case2@example.com' })
    assert.equal(status, 200)
  })
  test('of ten sign-ups at once for one name exactly one succeeds', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        signUp({ username: 'racer', password, email: `racer-${i}@example.com` }),
      ),
    )
    const statuses = answers.map(answer => answer.status).sort()
    assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 409)])
  })
})

describe('a mistake is a 400 that names the field', () => {
  const good = { username: 'bob', password, email: 'bob@example.com' }
  for (const [name, body, message] of [
    ['no body', '', 'the body must be a JSON object'],
    ['no JSON', '{', 'the body must be valid JSON'],
    ['no username', { ...good, username: undefined }, 'username must be provided'],
    ['a blank username', { ...good, username: ' \t' }, 'username must not be blank'],
    ['a username that is no text', { ...good, username: 7 }, 'username must be text, got 7'],
    ['a long username', { ...good, username: 'x'.repeat(256) }, /^username .* at most 255/],
    [
      'NUL in the username',
      { ...good, username: 'a\0' },
      'username must not contain a NUL character',
    ],
    ['no password', { ...good, password: null }, 'password must be provided'],
    ['a blank password', { ...good, password: ' '.repeat(9) }, 'password must not be blank'],
    [
      'a short password',
      { ...good, password: '1234567' },
      'password must have at least 8 characters',
    ],
    ['a password that is no text', { ...good, password: 12345678 }, 'password must be text'],
    [
      'a password beyond the limit',
      { ...good, password: 'x'.repeat(1_025) },
      /^password .* at most 1024/,
    ],
    ['no email', { ...good, email: undefined }, 'email must be provided'],
    [
      'a malformed email',
      { ...good, email: 'bob' },
      'email must be an address such as alice@example.com',
    ],
  ] as const)
    test(name, async () => {
      const answer = await signUp(body)
      assert.equal(answer.status, 400)
      assert.equal(answer.body.status, 'BAD_REQUEST')
      if (typeof message === 'string') assert.equal(answer.body.message, message)
      else assert.match(answer.body.message, message)
    })
})

describe('services ask about users', () => {
  const resolve = (body: unknown, token?: string) =>
    identity.post(identity.user, '/api/internal/user/resolve', body, token)
  const contact = (body: unknown, token?: string) =>
    identity.post(identity.user, '/api/internal/user/contact', body, token)

  test('ids by name, in the order asked, null for unknown', async () => {
    await identity.signedUp('carol')
    const token = await identity.serviceToken('user.read')
    const { status, body } = await resolve({ usernames: ['ghost', 'carol'] }, token)
    assert.equal(status, 200)
    assert.deepEqual(body.users[0], { username: 'ghost', userId: null })
    assert.equal(body.users[1].username, 'carol')
    assert.match(body.users[1].userId, /^[0-9A-Z]{26}$/)
  })
  test('addresses by id, null for unknown', async () => {
    const { token } = await identity.signedUp('dave')
    const { uid } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    const allowed = await identity.serviceToken('user.contact')
    const { body } = await contact({ userIds: [uid, 'nobody'] }, allowed)
    assert.deepEqual(body.users, [
      { userId: uid, email: 'dave@example.com' },
      { userId: 'nobody', email: null },
    ])
  })
  test('an empty or missing list is a 400', async () => {
    const token = await identity.serviceToken('user.read', 'user.contact')
    for (const body of [{}, { usernames: [] }, { usernames: [1] }, { usernames: 'alice' }])
      assert.equal((await resolve(body, token)).status, 400)
    for (const body of [{}, { userIds: [] }]) assert.equal((await contact(body, token)).status, 400)
  })
  test('only with a service token for the user-service that has the scope', async () => {
    const asked = { usernames: ['alice'] }
    const { token, refreshToken } = await identity.signedUp('erin')
    assert.equal((await resolve(asked)).status, 401)
    assert.equal((await resolve(asked, token)).status, 401)
    assert.equal((await resolve(asked, refreshToken)).status, 401)
    assert.equal((await resolve(asked, await identity.serviceToken('user.contact'))).status, 403)
    assert.equal(
      (await contact({ userIds: ['x'] }, await identity.serviceToken('user.read'))).status,
      403,
    )
  })
})

test('more sign-ups a minute than the limit are a 429 with Retry-After', async () => {
  await using strict = await startIdentity({ 'configs.limits.signup-per-minute': '1' })
  const once = () => strict.post(strict.user, '/api/v1/user/signup', {})
  assert.equal((await once()).status, 400)
  const { status, headers, body } = await once()
  assert.deepEqual([status, body.status], [429, 'TOO_MANY_REQUESTS'])
  assert.ok(Number(headers.get('retry-after')) >= 1)
})
