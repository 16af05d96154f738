import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { after, test } from 'node:test'
import { anAttempt, toolsWithoutDatabase } from '../../test/attempt.ts'
import { readBody, startHttp, type TestServer } from '../../test/http-server.ts'
import { readOutput } from '../record.ts'
import { checkPayload } from '../registry.ts'
import { PermanentError, RetryAfterError, type TaskContext } from '../task.ts'
import httpRequest from './http-request.ts'

const home = toolsWithoutDatabase({ allowedNetworks: ['127.0.0.0/8'] })
const outside = toolsWithoutDatabase()
after(() => Promise.all([home, outside].map(tools => tools[Symbol.asyncDispose]())))

type Payload = Parameters<typeof httpRequest.run>[0]

async function call(payload: Payload, given: Partial<TaskContext> = {}): Promise<Kept> {
  checkPayload(httpRequest, payload)
  return (await httpRequest.run(payload, anAttempt(home, given))) as Kept
}

/** What the task keeps of an answer. */
interface Kept {
  readonly status: number
  readonly body: string
  readonly truncated: boolean
  readonly redirects?: number
}

const answering = (status: number, headers = {}, body = ''): Promise<TestServer> =>
  startHttp((_, response) => response.writeHead(status, headers).end(body))

test('a call tells its target of the run, the same at each attempt but for attempt and fence', async () => {
  const seen: IncomingHttpHeaders[] = []
  await using server = await startHttp((request, response) => {
    seen.push(request.headers)
    response.end('fine')
  })
  const context = anAttempt(home)
  const answer = await httpRequest.run({ url: `${server.origin}/hook` }, context)
  assert.deepEqual(answer, { status: 200, contentType: null, body: 'fine', truncated: false })
  const [headers] = seen
  assert.equal(headers?.['idempotency-key'], context.runId)
  assert.equal(headers?.['cronos-run-id'], context.runId)
  assert.equal(headers?.['cronos-job-id'], context.jobId)
  assert.equal(headers?.['cronos-scheduled-at'], '2026-11-23T20:44:00.000Z')
  assert.equal(headers?.['cronos-attempt'], '2')
  assert.equal(headers?.['cronos-fence'], '7')
  assert.equal(headers?.['traceparent'], undefined)
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await httpRequest.run({ url: server.origin }, anAttempt(home, { traceparent }))
  assert.equal(seen[1]?.['traceparent'], traceparent)
})

test('method, headers and body arrive as the payload says', async () => {
  await using server = await startHttp(async (request, response) => {
    const { method, headers } = request
    const body = await readBody(request)
    response.end(JSON.stringify([method, headers['content-type'], headers['x-team'], body]))
  })
  const url = server.origin
  const echo = async (payload: Omit<Payload, 'url'>) =>
    JSON.parse((await call({ url, ...payload })).body)
  const headers = { 'X-Team': 'payments' }
  assert.deepEqual(await echo({ headers, body: { amount: 5 } }), [
    'POST',
    'application/json',
    'payments',
    '{"amount":5}',
  ])
  assert.deepEqual(await echo({ method: 'put', body: 'Grüße' }), [
    'PUT',
    'text/plain; charset=utf-8',
    null,
    'Grüße',
  ])
  const typed = { 'Content-Type': 'text/csv' }
  assert.deepEqual(await echo({ method: 'PATCH', headers: typed, body: 'a,b' }), [
    'PATCH',
    'text/csv',
    null,
    'a,b',
  ])
  assert.deepEqual(await echo({ method: 'DELETE' }), ['DELETE', null, null, ''])
})

test('a status from 400 to 499 is permanent, but for those that pass', async () => {
  for (const status of [400, 401, 404, 409, 410, 422, 451]) {
    await using server = await answering(status, {}, 'no such thing')
    await assert.rejects(call({ url: `${server.origin}/x?token=s3cret` }), {
      name: 'PermanentError',
      message: `GET ${server.origin}/x answered ${status}: no such thing`,
    })
  }
})

test('all other refusals are worth another attempt', async () => {
  for (const status of [302, 304, 408, 425, 429, 500, 502, 503, 504]) {
    await using server = await answering(status)
    await assert.rejects(call({ url: server.origin }), error => {
      assert.ok(error instanceof Error && !(error instanceof PermanentError))
      assert.match(error.message, new RegExp(`answered ${status}`))
      return true
    })
  }
})

test('a target that says when to come back is heard', async () => {
  await using server = await answering(503, { 'retry-after': '90' })
  await assert.rejects(call({ url: server.origin }), error => {
    assert.ok(error instanceof RetryAfterError)
    assert.equal(error.retryAfterMs, 90_000)
    return true
  })
})

test('the payload says which statuses are a success', async () => {
  await using missing = await answering(404)
  const url = missing.origin
  assert.equal((await call({ url, acceptedStatuses: [200, 404] })).status, 404)
  assert.equal((await call({ url, acceptedStatuses: ['2xx', '4xx'] })).status, 404)
  await using fine = await answering(200)
  await assert.rejects(call({ url: fine.origin, acceptedStatuses: [204] }), /answered 200/)
})

test('a huge answer is cut at 64 KiB and the rest is not waited for', async () => {
  const endless: RequestListener = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    }
    response.on('drain', more)
    more()
  }
  await using server = await startHttp(endless)
  const { body, truncated } = await call({ url: server.origin })
  assert.equal(body.length, 65_536)
  assert.equal(truncated, true)
})

test('an answer of exactly 64 KiB is whole', async () => {
  await using server = await answering(200, {}, 'x'.repeat(65_536))
  const { body, truncated } = await call({ url: server.origin })
  assert.deepEqual([body.length, truncated], [65_536, false])
})

test('the longest answer can be kept with the run, whatever bytes it is made of', async () => {
  for (const byte of ['\x01', '"', '\0', '\xff']) {
    const body = Buffer.alloc(70_000, byte, 'latin1')
    await using server = await startHttp((_, response) => response.end(body))
    assert.ok(readOutput(await call({ url: server.origin })))
  }
})

test('a target that does not answer in time is worth another attempt', async () => {
  await using server = await startHttp(() => {})
  await assert.rejects(call({ url: server.origin, timeout: '50ms' }), {
    name: 'Error',
    message: `GET ${server.origin}/: no answer within 50 ms`,
  })
})

test('the time limit covers an answer that begins and never ends', async () => {
  await using server = await startHttp((_, response) => response.write('slow'))
  await assert.rejects(call({ url: server.origin, timeout: 50 }), /no answer within 50 ms/)
})

test('a target that hangs up early, before or within its answer, is worth another attempt', async () => {
  await using before = await startHttp(request => request.socket.destroy())
  await using within = await startHttp((_, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  })
  for (const { origin } of [before, within])
    await assert.rejects(call({ url: origin }), error => {
      assert.ok(error instanceof Error && !(error instanceof PermanentError))
      assert.match(error.message, /socket hang up|aborted|ECONNRESET/)
      return true
    })
})

test('a target that is not there is worth another attempt', async () => {
  const server = await answering(200)
  await server[Symbol.asyncDispose]()
  await assert.rejects(call({ url: server.origin }), { name: 'Error', message: /ECONNREFUSED/ })
})

test('an attempt that is aborted lets go of its call, with the abort’s own reason', async () => {
  const abort = new AbortController()
  const closed = Promise.withResolvers<void>()
  await using server = await startHttp(request => {
    request.socket.on('close', () => closed.resolve())
    abort.abort(new Error('lease lost'))
  })
  await assert.rejects(
    call({ url: server.origin }, { signal: abort.signal }),
    /^Error: lease lost$/,
  )
  await closed.promise
})

test('nothing is sent to the machine itself or its networks, however the address is written', async () => {
  let reached = 0
  await using server = await startHttp((_, response) => {
    reached += 1
    response.end()
  })
  const hosts = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0',
    '0.0.0.0',
    '169.254.169.254',
    '10.0.0.1',
    '[64:ff9b::7f00:1]',
  ]
  for (const host of hosts) {
    const payload = { url: `http://${host}:${server.port}/` }
    await assert.rejects(
      httpRequest.run(payload, anAttempt(outside)),
      error => {
        assert.ok(error instanceof PermanentError, String(error))
        assert.match(error.message, /allowed-networks/)
        return true
      },
      host,
    )
  }
  assert.equal(reached, 0)
})

test('of a name that stands for several addresses those are used that may be reached', async () => {
  await using server = await answering(200, {}, 'here')
  assert.equal((await call({ url: `http://localhost:${server.port}/` })).body, 'here')
})

test('a redirect is not followed unless the payload allows it', async () => {
  await using server = await answering(302, { location: '/next' })
  await assert.rejects(
    call({ url: server.origin }),
    new RegExp(`answered 302, a redirect to ${server.origin}/next`),
  )
})

test('redirects are followed as many times as the payload allows', async () => {
  await using server = await startHttp((request, response) => {
    const hop = Number(request.url!.slice(1))
    if (hop === 3) response.end('arrived')
    else response.writeHead(302, { location: `/${hop + 1}` }).end()
  })
  const url = `${server.origin}/0`
  const { body, redirects } = await call({ url, maxRedirects: 3 })
  assert.deepEqual([body, redirects], ['arrived', 3])
  await assert.rejects(call({ url, maxRedirects: 2 }), /answered 302/)
})

test('a redirect into a network that tasks must not reach is refused', async () => {
  await using server = await answering(307, { location: 'http://169.254.169.254/latest/meta-data' })
  await assert.rejects(call({ url: server.origin, maxRedirects: 5 }), {
    name: 'PermanentError',
    message: /169\.254\.169\.254 lies in a network/,
  })
})

test('credentials do not follow a redirect to another origin', async () => {
  let seen: IncomingHttpHeaders = {}
  await using other = await startHttp((request, response) => {
    seen = request.headers
    response.end()
  })
  await using server = await answering(307, { location: other.origin })
  const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'X-Api-Key': 'secret' }
  await call({ url: server.origin, method: 'POST', headers, body: {}, maxRedirects: 1 })
  assert.doesNotMatch(JSON.stringify(seen), /secret|a=b/)
  assert.ok(seen['idempotency-key'])
})

test('credentials in the URL are sent, and shown in no message', async () => {
  await using server = await startHttp((request, response) => {
    const credentials = Buffer.from(request.headers.authorization!.slice(6), 'base64')
    response.statusCode = String(credentials) === 'me:s3cret' ? 500 : 200
    response.end()
  })
  const url = `http://me:s3cret@127.0.0.1:${server.port}/?key=s3cret`
  await assert.rejects(call({ url }), { message: `GET ${server.origin}/ answered 500` })
})

test('a payload that cannot be sent is refused for good, by its field', async () => {
  const url = 'http://127.0.0.1:1/'
  const wrong: [Record<string, unknown>, string][] = [
    [{}, 'url'],
    [{ url: 'no url' }, 'url'],
    [{ url: 'ftp://example.com' }, 'url'],
    [{ url: 'file:///etc/passwd' }, 'url'],
    [{ url, method: 'CONNECT' }, 'method'],
    [{ url, method: 5 }, 'method'],
    [{ url, headers: { Host: 'x' } }, 'headers'],
    [{ url, headers: { 'X-Count': 5 } }, 'headers'],
    [{ url, method: 'GET', body: 'x' }, 'body'],
    [{ url, timeout: 'soon' }, 'timeout'],
    [{ url, timeout: 0 }, 'timeout'],
    [{ url, timeout: '30d' }, 'timeout'],
    [{ url, acceptedStatuses: [] }, 'acceptedStatuses'],
    [{ url, acceptedStatuses: [99] }, 'acceptedStatuses'],
    [{ url, acceptedStatuses: ['ok'] }, 'acceptedStatuses'],
    [{ url, maxRedirects: 11 }, 'maxRedirects'],
  ]
  for (const [payload, field] of wrong)
    await assert.rejects(call(payload as Payload), {
      name: 'PermanentError',
      message: new RegExp(`^payload\\.${field} must`),
    })
})

test('an answer that is no HTTP is worth another attempt', async () => {
  await using server = await startHttp(async request => {
    request.socket.end('SSH-2.0-OpenSSH_9.7\r\n')
    await once(request.socket, 'close')
  })
  await assert.rejects(call({ url: server.origin }), { name: 'Error', message: /Parse Error/ })
})
