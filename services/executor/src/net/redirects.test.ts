import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from './exchange.ts'
import { redirected } from './redirects.ts'

const post: Exchange = {
  url: new URL('http://user:pass@api.example.com/pay'),
  method: 'POST',
  headers: {
    authorization: 'Bearer secret',
    'x-api-key': 'secret',
    'content-type': 'application/json',
    'idempotency-key': 'run_1',
    'cronos-fence': '3',
  },
  body: Buffer.from('{}'),
}

const to = (location: string, status = 307) => ({ status, headers: { location } })

test('307 and 308 are followed with method and body', () => {
  for (const status of [307, 308]) {
    const next = redirected(post, to('/other', status))
    assert.equal(next?.url.href, 'http://api.example.com/other')
    assert.deepEqual([next?.method, next?.body], ['POST', post.body])
  }
})

test('301, 302 and 303 turn a POST into a GET without a body', () => {
  for (const status of [301, 302, 303]) {
    const next = redirected(post, to('/other', status))
    assert.deepEqual([next?.method, next?.body], ['GET', null])
    assert.ok(!('content-type' in next!.headers))
  }
})

test('301 and 302 leave other methods as they are', () => {
  const put = { ...post, method: 'PUT' }
  assert.equal(redirected(put, to('/other', 302))?.method, 'PUT')
  assert.equal(redirected({ ...post, method: 'HEAD', body: null }, to('/', 303))?.method, 'HEAD')
})

test('within the origin the headers go along', () => {
  assert.equal(redirected(post, to('/other'))?.headers['authorization'], 'Bearer secret')
})

test('to another origin no header goes that may be a secret', () => {
  for (const location of [
    'http://evil.example.com/',
    'https://api.example.com/pay',
    'http://api.example.com:8080/pay',
    '//evil.example.com/pay',
  ])
    assert.deepEqual(Object.keys(redirected(post, to(location))!.headers).sort(), [
      'content-type',
      'cronos-fence',
      'idempotency-key',
    ])
})

test('what is no redirect, or leads to what is no web address, is not followed', () => {
  assert.equal(redirected(post, { status: 200, headers: { location: '/x' } }), null)
  assert.equal(redirected(post, { status: 302, headers: {} }), null)
  assert.equal(redirected(post, { status: 304, headers: { location: '/x' } }), null)
  for (const location of ['file:///etc/passwd', 'ftp://x/', 'javascript:1', 'http://['])
    assert.equal(redirected(post, to(location)), null, location)
})
