import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserId } from '@cronos/domain'
import { readBody, startHttp } from '../../test/http-server.ts'
import { type ServiceTokens, serviceTokens } from '../net/service-token.ts'
import { openContacts } from './contacts.ts'

const alice = 'alice' as UserId

/** The two services as CONTRACT writes them, which count what they are asked. */
async function startServices(given: { expiresIn?: number; accepts?: (token: string) => boolean }) {
  const { expiresIn = 900, accepts = () => true } = given
  const asked = { tokens: 0, contacts: 0, body: {} as Record<string, unknown>, down: false }
  const server = await startHttp(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const body = JSON.parse(await readBody(request))
    if (asked.down) return answer(503, {})
    if (request.url === '/auth-service/api/internal/token') {
      asked.tokens += 1
      asked.body = body
      return answer(200, { token: `token-${asked.tokens}`, expiresIn })
    }
    asked.contacts += 1
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (!accepts(token)) return answer(401, {})
    const users = body.userIds.map((userId: string) => ({
      userId,
      email: userId === 'ghost' ? null : `${userId}@example.com`,
    }))
    return answer(200, { users })
  })
  const tokens: ServiceTokens = serviceTokens({
    authUrl: server.origin,
    clientId: 'executorService',
    clientSecret: 'secret',
    audience: 'user-service',
    scopes: ['user.contact'],
  })
  return {
    asked,
    tokens,
    contacts: openContacts(server.origin, tokens),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test('the address of an owner is asked for with a service token', async () => {
  await using services = await startServices({})
  assert.equal(await services.contacts.emailOf(alice), 'alice@example.com')
  assert.deepEqual(services.asked.body, {
    clientId: 'executorService',
    clientSecret: 'secret',
    audience: 'user-service',
    scopes: ['user.contact'],
  })
})

test('a user who is not known has no address', async () => {
  await using services = await startServices({})
  assert.equal(await services.contacts.emailOf('ghost' as UserId), null)
})

test('owners share a token, and asking for one owner many times at once asks once', async () => {
  await using services = await startServices({})
  const many = Array.from({ length: 50 }, () => services.contacts.emailOf(alice))
  await Promise.all([...many, services.contacts.emailOf('bob' as UserId)])
  assert.equal(services.asked.tokens, 1)
  assert.equal(services.asked.contacts, 2)
})

test('a token that has expired is not used', async () => {
  await using services = await startServices({ expiresIn: 0 })
  assert.deepEqual(
    [await services.tokens.get(), await services.tokens.get()],
    ['token-1', 'token-2'],
  )
})

test('a token that is refused is replaced once', async () => {
  await using services = await startServices({ accepts: token => token === 'token-2' })
  assert.equal(await services.contacts.emailOf(alice), 'alice@example.com')
  assert.equal(services.asked.tokens, 2)
})

test('where each token is refused the failure is told, not tried for ever', async () => {
  await using services = await startServices({ accepts: () => false })
  await assert.rejects(services.contacts.emailOf(alice), /the user-service answered 401/)
  assert.equal(services.asked.contacts, 2)
})

test('a service that was down is asked again when it is needed again', async () => {
  await using services = await startServices({})
  services.asked.down = true
  await assert.rejects(services.contacts.emailOf(alice), /the auth-service answered 503/)
  services.asked.down = false
  assert.equal(await services.contacts.emailOf(alice), 'alice@example.com')
})
