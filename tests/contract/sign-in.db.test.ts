import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Secret, tokenIssuer, tokenReader } from '@cronos/runtime'
import { sql } from '@cronos/store'
import { type Answer, CLIENT, type Identity, JWT_SECRET, startIdentity } from './identity.ts'

let identity: Identity
before(async () => {
  identity = await startIdentity()
  await identity.signedUp('alice')
})
after(() => identity[Symbol.asyncDispose]())

const post = (path: string, body: unknown): Promise<Answer> =>
  identity.post(identity.auth, path, body)
const signIn = (body: unknown) => post('/api/v1/auth/signin', body)
const refresh = (body: unknown) => post('/api/v1/auth/refresh', body)
const serviceToken = (body: unknown) => post('/api/internal/token', body)

const good = { username: 'alice', password: 'correct-horse-7' }

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

describe('sign-in', () => {
  test('the walk-through: alice signs in', async () => {
    const { status, body, headers } = await signIn(good)
    assert.equal(status, 200)
    const { token, refreshToken, ...rest } = body
    assert.deepEqual(rest, { tokenType: 'Bearer', expiresIn: 900, message: 'Login successful' })
    assert.equal(headers.get('cache-control'), 'no-store')
    for (const each of [token, refreshToken])
      assert.equal(Buffer.from(each.split('.')[0], 'base64url').toString(), '{"alg":"HS512"}')
  })
  test('the access token says who alice is and what she may, for 15 minutes', async () => {
    const { iat, exp, uid, ...rest } = claimsOf((await signIn(good)).body.token)
    assert.equal(Number(exp) - Number(iat), 900)
    assert.match(String(uid), /^[0-9A-Z]{26}$/)
    assert.deepEqual(rest, {
      sub: 'alice',
      roles: ['ROLE_USER'],
      scopes: ['jobs.create', 'jobs.read', 'jobs.update'],
    })
  })
  test('the username is trimmed', async () => {
    assert.equal((await signIn({ ...good, username: ' alice ' })).status, 200)
  })
  test('an unknown user and a wrong password read the same', async () => {
    const expected = { status: 'UNAUTHORIZED', message: 'Invalid username or password' }
    for (const body of [
      { ...good, username: 'nobody' },
      { ...good, username: 'ALICE' },
      { ...good, password: 'correct-horse-8' },
      { ...good, password: `${good.password} ` },
    ]) {
      const answer = await signIn(body)
      assert.deepEqual([answer.status, answer.body], [401, expected])
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
    }
  })
  test('a blank or missing field is a 400 that names it', async () => {
    for (const [body, message] of [
      [{ ...good, username: ' ' }, 'username must not be blank'],
      [{ ...good, password: '' }, 'password must not be blank'],
      [{ password: 'x' }, 'username must be provided'],
      [{ username: 'alice' }, 'password must be provided'],
      [{ username: 'alice', password: 1 }, 'password must be text'],
      ['[]', 'the body must be a JSON object, got a list'],
    ] as const) {
      const answer = await signIn(body)
      assert.deepEqual([answer.status, answer.body.message], [400, message])
    }
  })
  test('a user of an earlier system signs in with a bcrypt hash, which is then kept better', async () => {
    const kept = '$2a$10$6GlNDL14ErjmBD7gNZj.Y.4aqnl52Mk9WSdNJeJqvKeNnXQvKLaFe' // of 'legacy-password', cost 10
    await identity.db.query(
      sql`insert into user_entity values ('01LEGACY', 'legacy', 'legacy@example.com', ${kept})`,
    )
    const legacy = { username: 'legacy', password: 'legacy-password' }
    assert.equal((await signIn({ ...legacy, password: 'legacy-passworD' })).status, 401)
    assert.equal((await signIn(legacy)).status, 200)
    const { rows } = await identity.db.query<{ password: string }>(
      sql`select password from user_entity where username = 'legacy'`,
    )
    assert.match(rows[0]?.password ?? '', /^\$argon2id\$/)
    assert.equal((await signIn(legacy)).status, 200)
  })
  test('many at once are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(good)))
    assert.ok(answers.every(({ status }) => status === 200))
  })
})

describe('refresh', () => {
  test('answers a new access token', async () => {
    const { refreshToken } = (await signIn(good)).body
    const { status, body } = await refresh({ refreshToken })
    assert.equal(status, 200)
    const { accessToken, ...rest } = body
    assert.deepEqual(rest, {
      tokenType: 'Bearer',
      expiresIn: 900,
      message: 'Access token refreshed successfully',
    })
    assert.equal(claimsOf(accessToken)['sub'], 'alice')
  })
  test('reads roles and scopes afresh', async () => {
    const { refreshToken } = await identity.signedUp('frank')
    await identity.db.query(sql`
      delete from user_roles
       where user_id = (select id from user_entity where username = 'frank')`)
    const { accessToken } = (await refresh({ refreshToken })).body
    assert.deepEqual(claimsOf(accessToken)['scopes'], [])
  })
  test('of a user who is gone is a 401', async () => {
    const { refreshToken } = await identity.signedUp('gone')
    await identity.db.query(sql`delete from user_entity where username = 'gone'`)
    assert.equal((await refresh({ refreshToken })).status, 401)
  })
  test('with any other token is a 401', async () => {
    const { token } = (await signIn(good)).body
    const expired = tokenIssuer(new Secret(JWT_SECRET), {
      accessMs: 0,
      refreshMs: 0,
      serviceMs: 0,
    }).issueRefresh({ userId: 'x', username: 'x' })
    for (const refreshToken of [token, await identity.serviceToken('user.read'), expired, 'x.y.z'])
      assert.equal((await refresh({ refreshToken })).status, 401)
  })
  test('without a token is a 400', async () => {
    for (const body of [{}, { refreshToken: null }, { refreshToken: ' ' }, { refreshToken: 1 }])
      assert.equal((await refresh(body)).status, 400)
  })
})

describe('service tokens', () => {
  const asked = { ...CLIENT, audience: 'user-service', scopes: ['user.read'] }

  test('are given to a client within the policy', async () => {
    const { status, body } = await serviceToken(asked)
    assert.deepEqual([status, body.expiresIn], [200, 900])
    const reader = tokenReader(new Secret(JWT_SECRET))
    const caller = { clientId: 'executorService', scopes: ['user.read'] }
    assert.deepEqual(reader.readService(body.token, 'user-service'), caller)
    assert.equal(reader.readAccess(body.token), 'invalid')
  })
  test('not to a wrong client or secret: 401', async () => {
    for (const over of [{ clientId: 'nobody' }, { clientSecret: 'wrong' }])
      assert.equal((await serviceToken({ ...asked, ...over })).status, 401)
    assert.equal(
      (await serviceToken({ ...asked, clientId: 'nobody', clientSecret: '-' })).status,
      401,
    )
  })
  test('not outside the policy: 403', async () => {
    for (const over of [
      { audience: 'job-service' },
      { audience: '__proto__' },
      { scopes: ['user.delete'] },
      { scopes: ['user.read', 'user.delete'] },
      { scopes: [] },
      { scopes: undefined },
      { scopes: null },
    ])
      assert.equal((await serviceToken({ ...asked, ...over })).status, 403)
  })
  test('not with a field missing or of a wrong type: 400', async () => {
    for (const over of [
      { clientId: ' ' },
      { clientSecret: 5 },
      { audience: null },
      { scopes: 'x' },
    ])
      assert.equal((await serviceToken({ ...asked, ...over })).status, 400)
  })
})

test('with sign-in switched off its three endpoints answer 503, and health is UP', async () => {
  await using off = await startIdentity({ 'configs.auth.enabled': 'false' })
  for (const path of ['/api/v1/auth/signin', '/api/v1/auth/refresh', '/api/internal/token']) {
    const { status, headers, body } = await off.post(off.auth, path, {})
    assert.deepEqual([status, body.status], [503, 'SERVICE_UNAVAILABLE'])
    assert.ok(headers.has('retry-after'))
  }
  const health = await fetch(`http://127.0.0.1:${off.auth.port}/auth-service/health`)
  assert.deepEqual(await health.json(), { status: 'UP' })
})

test('lifetimes and limits follow their keys', async () => {
  await using other = await startIdentity({
    'secrets.jwt.access-token-expiration': '30s',
    'configs.limits.signin-per-minute': '1',
  })
  const { expiresIn } = await other.signedUp('heidi')
  assert.equal(expiresIn, 30)
  assert.equal((await other.post(other.auth, '/api/v1/auth/signin', {})).status, 429)
})
