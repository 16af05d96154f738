import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { Secret } from './config/secret.ts'
import { tokenIssuer, tokenReader } from './tokens.ts'

const key = 'k'.repeat(64)
const lifetimes = { accessMs: 900_000, refreshMs: 604_800_000, serviceMs: 900_000 }
const issuer = tokenIssuer(new Secret(key), lifetimes)
const reader = tokenReader(new Secret(key))
const user = { userId: '01ALICE', username: 'alice', roles: ['ROLE_USER'], scopes: ['jobs.read'] }
const client = { clientId: 'mailer', audience: 'user-service', scopes: ['user.read'] }

const inAnHour = Math.floor(Date.now() / 1_000) + 3_600

/** A token as somebody else may sign it. */
function sign(claims: object, header: object = { alg: 'HS512' }, hash = 'sha512', withKey = key) {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(hash, withKey).update(input).digest('base64url')}`
}

function decode(token: string, part: 0 | 1): unknown {
  return JSON.parse(Buffer.from(token.split('.')[part]!, 'base64url').toString())
}

describe('an issued token', () => {
  test('has exactly the header {"alg":"HS512"}', () => {
    for (const token of [
      issuer.issueAccess(user),
      issuer.issueRefresh(user),
      issuer.issueService(client),
    ])
      assert.deepEqual(decode(token, 0), { alg: 'HS512' })
  })
  test('of access names user, roles and scopes', () => {
    const claims = decode(issuer.issueAccess(user), 1) as { iat: number; exp: number }
    const { iat, exp, ...rest } = claims
    assert.equal(exp - iat, 900)
    const expected = { sub: 'alice', uid: '01ALICE', roles: ['ROLE_USER'], scopes: ['jobs.read'] }
    assert.deepEqual(rest, expected)
  })
  test('of a service names client, audience and scope', () => {
    const { iat, exp, ...rest } = decode(issuer.issueService(client), 1) as Record<string, number>
    assert.equal(exp! - iat!, 900)
    assert.deepEqual(rest, { sub: 'mailer', aud: 'user-service', scope: ['user.read'] })
  })
})

describe('each kind opens only what it is for', () => {
  test('access', () => {
    const token = issuer.issueAccess(user)
    const { exp } = decode(token, 1) as { exp: number }
    const caller = {
      ...{ userId: '01ALICE', username: 'alice', scopes: ['jobs.read'] },
      expiresAtMs: exp * 1_000,
    }
    assert.deepEqual(reader.readAccess(token), caller)
    assert.equal(reader.readRefresh(token), 'invalid')
    assert.equal(reader.readService(token, 'user-service'), 'invalid')
  })
  test('refresh', () => {
    const token = issuer.issueRefresh(user)
    assert.equal(reader.readAccess(token), 'invalid')
    assert.deepEqual(reader.readRefresh(token), { userId: '01ALICE' })
    assert.equal(reader.readService(token, 'user-service'), 'invalid')
  })
  test('service', () => {
    const token = issuer.issueService(client)
    const caller = { clientId: 'mailer', scopes: ['user.read'] }
    assert.equal(reader.readAccess(token), 'invalid')
    assert.equal(reader.readRefresh(token), 'invalid')
    assert.deepEqual(reader.readService(token, 'user-service'), caller)
    assert.equal(reader.readService(token, 'job-service'), 'invalid')
  })
})

describe('a token that obeys the rules is good, whoever signed it', () => {
  test('with or without a type in its header', () => {
    const claims = { uid: '01ALICE', exp: inAnHour, scopes: ['jobs.read'] }
    for (const header of [{ alg: 'HS512' }, { typ: 'JWT', alg: 'HS512' }])
      assert.deepEqual(reader.readAccess(sign(claims, header)), {
        userId: '01ALICE',
        username: '',
        scopes: ['jobs.read'],
        expiresAtMs: inAnHour * 1_000,
      })
  })
})

describe('a token is refused', () => {
  const claims = { sub: 'alice', uid: '01ALICE', exp: inAnHour, scopes: [] }
  const cases: [string, string][] = [
    ['without a user id', sign({ ...claims, uid: undefined })],
    ['with a user id that is no text', sign({ ...claims, uid: 7 })],
    ['with a user id that cannot be stored', sign({ ...claims, uid: 'a\0' })],
    ['without an end', sign({ ...claims, exp: undefined })],
    ['with an end that is no number', sign({ ...claims, exp: 'tomorrow' })],
    ['signed with another key', sign(claims, { alg: 'HS512' }, 'sha512', 'z'.repeat(64))],
    ['signed with HS256', sign(claims, { alg: 'HS256' }, 'sha256')],
    ['that names another algorithm than it uses', sign(claims, { alg: 'HS256' })],
    ['not signed at all', `${sign(claims, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`],
    [
      'that asks for an unknown extension',
      sign(claims, { alg: 'HS512', crit: ['b64'], b64: false }),
    ],
    ['that is a list', sign([])],
    ['that is empty', ''],
    ['that is nonsense', 'a.b.c'],
  ]
  for (const [name, token] of cases)
    test(name, () => assert.equal(reader.readAccess(token), 'invalid'))

  test('after its end, even if it was good a moment ago', t => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    const token = issuer.issueAccess(user)
    assert.notEqual(typeof reader.readAccess(token), 'string')
    t.mock.timers.tick(901_000)
    assert.equal(reader.readAccess(token), 'expired')
  })
})

test('a token that was good is refused when its time is over', t => {
  const token = issuer.issueAccess(user)
  assert.equal(typeof reader.readAccess(token), 'object')
  assert.equal(typeof reader.readAccess(token), 'object')
  assert.equal(reader.readRefresh(token), 'invalid')
  const { exp } = decode(token, 1) as { exp: number }
  t.mock.timers.enable({ apis: ['Date'], now: exp * 1_000 - 1 })
  assert.equal(typeof reader.readAccess(token), 'object')
  t.mock.timers.setTime(exp * 1_000 + 1)
  assert.equal(reader.readAccess(token), 'expired')
  assert.equal(reader.readAccess(token), 'expired')
})

test('a good token with another signature is refused', () => {
  const token = issuer.issueAccess(user)
  assert.equal(typeof reader.readAccess(token), 'object')
  const other = token.endsWith('A') ? 'B' : 'A'
  assert.equal(reader.readAccess(token.slice(0, -2) + other + token.slice(-1)), 'invalid')
})

test('however many tokens there are, each is read as what it is', () => {
  const tokens = Array.from({ length: 2_500 }, (_, n) =>
    issuer.issueAccess({ ...user, userId: `user ${n}` }),
  )
  for (const round of [1, 2])
    for (const [n, token] of tokens.entries()) {
      const read = reader.readAccess(token)
      assert.ok(typeof read === 'object' && read.userId === `user ${n}`, `round ${round}`)
    }
})
