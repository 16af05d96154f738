import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { CronosError } from '@cronos/contract'
import { pino } from 'pino'
import { Type } from 'typebox'
import { Secret } from '../config/index.ts'
import { type HttpService, startHttpService } from '../http-service.ts'
import { tokenIssuer, tokenReader } from '../tokens.ts'
import { anyone, serviceWith, userWith } from './guard.ts'

const secret = new Secret('k'.repeat(64))
const issuer = tokenIssuer(secret, { accessMs: 60_000, refreshMs: 60_000, serviceMs: 60_000 })
const alice = { userId: '01ALICE', username: 'alice', roles: [] }
const writer = issuer.issueAccess({ ...alice, scopes: ['notes.write'] })
const reader = issuer.issueAccess({ ...alice, scopes: ['notes.read'] })

const Note = Type.Object({
  title: Type.String(),
  kind: Type.Union([Type.Literal('SHORT'), Type.Literal('LONG')]),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
  secret: Type.Optional(Type.String({ writeOnly: true, minLength: 8 })),
  tags: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  extra: Type.Optional(Type.Object({})),
  reminder: Type.Optional(
    Type.Union([Type.Object({ at: Type.Optional(Type.String()) }), Type.Null()]),
  ),
})

const Checked = Type.Object({
  warnings: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})

class Passing extends Error {}

let service: HttpService
before(async () => {
  service = await startHttpService({
    name: 'note-service',
    errors: 'timed',
    log: pino({ level: 'silent' }),
    tokens: tokenReader(secret),
    isTransient: error => error instanceof Passing,
    host: '127.0.0.1',
    port: 0,
    bodyLimit: 1_000,
    checks: {},
    api: { title: 'Notes', description: 'Notes for tests' },
    routes(app) {
      app.post(
        '/notes',
        { schema: { body: Note }, config: { access: userWith('notes.write') } },
        async (request, reply) =>
          reply.code(201).send({ by: request.caller.username, title: request.body.title }),
      )
      app.post(
        '/notes/:id/close',
        { schema: { params: Type.Object({ id: Type.String() }) }, config: { access: anyone } },
        async (_request, reply) => reply.code(204).send(),
      )
      app.post(
        '/notes/check',
        {
          schema: { body: Note, response: { 200: Checked } },
          config: { access: anyone },
        },
        async () => ({ warnings: [{ code: 'LONG', message: 'it is long' }] }),
      )
      app.get(
        '/notes',
        {
          schema: {
            querystring: Type.Object({
              size: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
              q: Type.Optional(Type.String()),
            }),
          },
          config: { access: anyone },
        },
        async request => [request.query],
      )
      app.get('/inner', { config: { access: serviceWith('notes.peek') } }, async request => ({
        by: request.serviceCaller.clientId,
      }))
      app.get(
        '/few',
        { config: { access: anyone, rateLimit: { max: 1, timeWindow: 60_000 } } },
        async () => ({}),
      )
      app.get('/passing', { config: { access: anyone } }, async () => {
        throw new Passing('database at 10.0.0.7 is away')
      })
      app.get('/bug', { config: { access: anyone } }, async () => {
        throw new Error('select password from users')
      })
      app.get('/refused', { config: { access: anyone } }, async () => {
        throw new CronosError('USERNAME_TAKEN', 'Username already taken')
      })
    },
  })
  await service.ready
})
after(() => service[Symbol.asyncDispose]())

interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer, of whatever shape
  body: any
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const url = `http://127.0.0.1:${service.port}${path}`
  const response = await fetch(url, { method, ...init })
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json')
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  }
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return call('POST', '/note-service/notes', {
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    headers: { authorization: `Bearer ${writer}`, 'content-type': 'application/json', ...headers },
  })
}

const good = { title: 'milk', kind: 'SHORT' }

describe('a good request', () => {
  test('is answered with what the route says', async () => {
    const { status, body } = await post(good, { 'content-type': 'application/json;charset=UTF-8' })
    assert.equal(status, 201)
    assert.deepEqual(body, { by: 'alice', title: 'milk' })
  })
  test('may have unknown fields, which are listed in the answer', async () => {
    const { body } = await post({ ...good, titel: 1, kinds: null })
    assert.deepEqual(body.warnings, [
      'titel is not a field of this request and was ignored',
      'kinds is not a field of this request and was ignored',
    ])
  })
  test('may have unknown fields in its objects, which are listed too', async () => {
    const { body } = await post({ ...good, reminder: { when: 'noon' }, extra: { any: 1 } })
    assert.deepEqual(body.warnings, [
      'reminder.when is not a field of this request and was ignored',
    ])
  })
  test('is warned in the kind of warnings that the answer has', async () => {
    const { body } = await call('POST', '/note-service/notes/check', {
      body: JSON.stringify({ ...good, titel: 1 }),
      headers: { 'content-type': 'application/json' },
    })
    const message = 'titel is not a field of this request and was ignored'
    assert.deepEqual(body.warnings, [
      { code: 'UNKNOWN_FIELD', message },
      { code: 'LONG', message: 'it is long' },
    ])
  })
  test('may leave out a query parameter that has a default', async () => {
    assert.deepEqual((await call('GET', '/note-service/notes')).body, [{ size: 10 }])
  })
  test('may have unknown query parameters', async () => {
    const { status, body } = await call('GET', '/note-service/notes?size=3&colour=red')
    assert.deepEqual([status, body], [200, [{ size: 3 }]])
  })
  test('may be a POST without a body where none is needed, whatever its content type', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }])
      assert.equal((await call('POST', '/note-service/notes/7/close', { headers })).status, 204)
  })
  test('may write the scheme in any letter case, with several spaces after it', async () => {
    assert.equal((await post(good, { authorization: `bEARER   ${writer}` })).status, 201)
  })
})

describe('a body that is wrong is a 400 that names the field', () => {
  const cases: [name: string, body: string | Uint8Array | object | null, message: string][] = [
    ['missing', '', 'the body must be a JSON object'],
    ['no JSON', '{"title":', 'the body must be valid JSON'],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'the body must be UTF-8'],
    ['null', 'null', 'the body must be a JSON object'],
    ['a list', [], 'the body must be a JSON object, got a list'],
    ['text', '"x"', 'the body must be a JSON object, got x'],
    ['without a field', { kind: 'SHORT' }, 'title must be provided'],
    ['a field that is null', { ...good, title: null }, 'title must be provided'],
    ['a number for text', { ...good, title: 7 }, 'title must be text, got 7'],
    ['an enum in lower case', { ...good, kind: 'short' }, 'kind must be one of SHORT, LONG, got short'],
    ['out of range', { ...good, size: 0 }, 'size must be a whole number from 1 to 9, got 0'],
    ['a fraction', { ...good, size: 1.5 }, 'size must be a whole number from 1 to 9, got 1.5'],
    ['text for a number', { ...good, size: '3' }, 'size must be a whole number from 1 to 9, got 3'],
    ['a secret that is too short', { ...good, secret: 'short' }, 'secret must be text of at least 8 characters'],
    ['an empty list', { ...good, tags: [] }, 'tags must be a list of 1 or more entries, got 0'],
    ['a wrong entry', { ...good, tags: ['a', 2] }, 'tags[1] must be text, got 2'],
    ['NUL in text', { ...good, title: 'a\0b' }, 'title must not contain a NUL character'],
    ['NUL deep down', { ...good, extra: { a: [{ b: '\0' }] } }, 'extra.a[0].b must not contain a NUL character'],
    ['NUL in a key', { ...good, extra: { 'a\0': 1 } }, 'a key in extra must not contain a NUL character'],
    ['half a surrogate pair', '{"title":"\\ud800"}', 'title must not contain half of a surrogate pair'],
    ['an infinite number', '{"title":1e999}', 'title must be a number that is not out of range'],
    ['a poisoned prototype', '{"__proto__":{"title":1}}', 'the body must not have a key __proto__'],
    ['nested beyond reason', `{"extra":${'['.repeat(400)}${']'.repeat(400)}}`, 'the body must not be nested deeper than 100 levels'],
  ] // biome-ignore format: a table reads better in rows
  for (const [name, body, message] of cases)
    test(name, async () => {
      const answer = await post(body)
      assert.equal(answer.status, 400)
      assert.equal(answer.body.message, message)
    })
})

describe('a query that is wrong is a 400 that names the parameter', () => {
  const range = 'size must be a whole number from 1 to 100'
  for (const [query, message] of [
    ['size=0', `${range}, got 0`],
    ['size=101', `${range}, got 101`],
    ['size=abc', `${range}, got abc`],
    ['size=1.5', `${range}, got 1.5`],
    ['size=', `${range}, got `],
    ['size=99999999999999999999', `${range}, got 99999999999999999999`],
    ['size=1&size=2', 'size must be given once'],
    ['size=1&q=%00', 'q must not contain a NUL character'],
  ] as const)
    test(query, async () => {
      const { status, body } = await call('GET', `/note-service/notes?${query}`)
      assert.deepEqual([status, body.message], [400, message])
    })
})

test('a name in the path that cannot be stored is nothing that is there', async () => {
  const { status, body } = await call('POST', '/note-service/notes/a%00b/close')
  assert.deepEqual([status, body.message], [404, 'there is nothing at this path'])
})

describe('a token', () => {
  const refused = async (authorization: string | undefined) => {
    const { status, headers } = await call('POST', '/note-service/notes', {
      headers: authorization === undefined ? {} : { authorization },
    })
    assert.equal(status, 401)
    assert.equal(headers.get('www-authenticate'), 'Bearer')
  }
  test('is asked for', () => refused(undefined))
  test('must follow the word Bearer', () => refused(writer))
  test('must be one', () => refused('Bearer nonsense'))
  test('must not be a refresh token', () => refused(`Bearer ${issuer.issueRefresh(alice)}`))
  test('must not be a service token', () => {
    const client = { clientId: 'x', audience: 'note-service', scopes: ['notes.write'] }
    return refused(`Bearer ${issuer.issueService(client)}`)
  })
  test('without the scope is a 403 that names it', async () => {
    const { status, body } = await post(good, { authorization: `Bearer ${reader}` })
    assert.deepEqual([status, body.message], [403, 'the token must have the scope notes.write'])
  })
})

describe('a service token', () => {
  const open = (audience: string, scopes: string[]) =>
    call('GET', '/note-service/inner', {
      headers: {
        authorization: `Bearer ${issuer.issueService({ clientId: 'mailer', audience, scopes })}`,
      },
    })
  test('opens its audience', async () => {
    assert.deepEqual((await open('note-service', ['notes.peek'])).body, { by: 'mailer' })
  })
  test('opens no other audience', async () => {
    assert.equal((await open('job-service', ['notes.peek'])).status, 401)
  })
  test('needs the scope', async () => {
    assert.equal((await open('note-service', [])).status, 403)
  })
  test('is not what a user has', async () => {
    const headers = { authorization: `Bearer ${writer}` }
    assert.equal((await call('GET', '/note-service/inner', { headers })).status, 401)
  })
})

describe('of several mistakes the first is answered:', () => {
  const large = 'x'.repeat(2_000)
  const text = { 'content-type': 'text/plain' }
  test('404 for the path, before the body is looked at', async () => {
    const { status } = await call('POST', '/note-service/nothing', { body: large, headers: text })
    assert.equal(status, 404)
  })
  test('405 with Allow, before the token is', async () => {
    const { status, headers } = await call('DELETE', '/note-service/notes')
    assert.equal(status, 405)
    assert.equal(headers.get('allow'), 'GET, HEAD, OPTIONS, POST')
  })
  test('401, before the size', async () => {
    const { status } = await call('POST', '/note-service/notes', { body: large, headers: text })
    assert.equal(status, 401)
  })
  test('403, before the size', async () => {
    const { status } = await post(large, { authorization: `Bearer ${reader}` })
    assert.equal(status, 403)
  })
  test('413, before the content type', async () => {
    assert.equal((await post(large, text)).status, 413)
  })
  test('413 of a body that does not say its length', async () => {
    const body = new Blob([large]).stream()
    const { status } = await call('POST', '/note-service/notes', {
      body,
      headers: { authorization: `Bearer ${writer}`, ...text },
      duplex: 'half',
    } as RequestInit)
    assert.equal(status, 413)
  })
  test('415, before the contents', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'x',
    ])
      assert.equal((await post('nonsense', { 'content-type': type })).status, 415)
  })
  test('415 of a body without a content type', async () => {
    const { status } = await call('POST', '/note-service/notes', {
      body: new TextEncoder().encode('{}'),
      headers: { authorization: `Bearer ${writer}` },
    })
    assert.equal(status, 415)
  })
})

describe('an error', () => {
  test('has the body that the contract draws', async () => {
    const { body } = await call('GET', '/note-service/refused?token=x')
    const { timestamp, ...rest } = body
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(rest, {
      status: 409,
      error: 'Conflict',
      message: 'Username already taken',
      path: '/note-service/refused',
    })
  })
  test('that passes by itself is a 503 with Retry-After', async () => {
    const { status, headers, body } = await call('GET', '/note-service/passing')
    assert.equal(status, 503)
    assert.ok(Number(headers.get('retry-after')) >= 1)
    assert.doesNotMatch(JSON.stringify(body), /10\.0\.0\.7/)
  })
  test('that nobody expected is a 500 that tells nothing', async () => {
    const { status, body } = await call('GET', '/note-service/bug')
    assert.equal(status, 500)
    assert.doesNotMatch(JSON.stringify(body), /select|password/)
  })
  test('too many requests is a 429 with Retry-After', async () => {
    await call('GET', '/note-service/few')
    const { status, headers, body } = await call('GET', '/note-service/few')
    assert.deepEqual([status, body.error], [429, 'Too Many Requests'])
    assert.ok(Number(headers.get('retry-after')) >= 1)
  })
  test('a URL that is badly encoded is a 400', async () => {
    const { status, body } = await call('GET', '/note-service/notes/%zz')
    assert.deepEqual([status, body.error], [400, 'Bad Request'])
  })
  test('with headers beyond reason is a 431', async () => {
    const answer = await sendRaw(`GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 431 .*"status":431/s)
  })
  test('that is no HTTP is a 400 in the same style', async () => {
    assert.match(await sendRaw('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 .*"error":"Bad Request"/s)
  })
})

/** Sends bytes, and answers all that comes until the connection is closed. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(service.port, '127.0.0.1')
  socket.write(bytes)
  return (await Array.fromAsync(socket.setEncoding('utf8'))).join('')
}

describe('methods', () => {
  test('HEAD answers as GET does, without the body', async () => {
    const { status, body } = await call('HEAD', '/note-service/notes?size=1')
    assert.deepEqual([status, body], [200, ''])
  })
  test('OPTIONS says what is possible', async () => {
    const { status, headers } = await call('OPTIONS', '/note-service/notes/9/close')
    assert.deepEqual([status, headers.get('allow')], [204, 'OPTIONS, POST'])
  })
})

describe('the API describes itself', () => {
  test('as OpenAPI 3.1, with the schemas that check requests', async () => {
    const { body } = await call('GET', '/note-service/openapi.json')
    assert.equal(body.openapi, '3.1.0')
    const operation = body.paths['/note-service/notes'].post
    assert.deepEqual(operation.security, [{ bearer: [] }])
    const schema = operation.requestBody.content['application/json'].schema
    assert.deepEqual(schema.required, ['title', 'kind'])
    for (const status of ['400', '401', '403', '413', '415', '503'])
      assert.ok(operation.responses[status], status)
    assert.equal(operation.responses['404'], undefined)
    assert.ok(body.paths['/note-service/notes/{id}/close'].post.responses['404'])
  })
  test('on a page that needs nothing from elsewhere', async () => {
    const page = await call('GET', '/note-service/docs/')
    assert.equal(page.status, 200)
    assert.doesNotMatch(page.body, /(src|href)="(https?:)?\/\//)
    for (const [, path] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const url = new URL(path, 'http://x/note-service/docs/')
      assert.equal((await call('GET', url.pathname)).status, 200, path)
    }
  })
})
