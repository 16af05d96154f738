import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentError } from '../task.ts'
import { userHeaders } from './headers.ts'

function refusal(headers: Record<string, string>): string {
  try {
    userHeaders(headers)
  } catch (error) {
    assert.ok(error instanceof PermanentError)
    return error.message
  }
  return 'accepted'
}

test('headers of the user are sent', () => {
  const headers = { Authorization: 'Bearer x', 'X-Request-Source': 'cronos', Accept: 'text/csv' }
  assert.deepEqual(userHeaders(headers), {
    authorization: 'Bearer x',
    'x-request-source': 'cronos',
    accept: 'text/csv',
  })
})

test('a header that the connection sets is refused by its name', () => {
  for (const name of ['Host', 'connection', 'Content-Length', 'TRANSFER-ENCODING', 'Upgrade', 'TE'])
    assert.equal(
      refusal({ [name]: 'x' }),
      `payload.headers must not name ${name}: the connection sets it`,
    )
})

test('a header that tells of the run cannot be forged', () => {
  for (const name of ['Idempotency-Key', 'cronos-fence', 'CRONOS-RUN-ID', 'Cronos-Anything'])
    assert.equal(
      refusal({ [name]: 'x' }),
      `payload.headers must not name ${name}: it tells of the run`,
    )
})

test('a header that breaks out of its line is refused', () => {
  assert.match(refusal({ 'X-A': 'a\r\nHost: evil' }), /HTTP cannot carry: "X-A"/)
  assert.match(refusal({ 'X-A: 1\r\nX-B': 'a' }), /HTTP cannot carry/)
  assert.match(refusal({ '': 'a' }), /HTTP cannot carry/)
})

test('a header that is named twice in two letter cases is refused', () => {
  assert.equal(refusal({ 'X-A': '1', 'x-a': '2' }), 'payload.headers names x-a twice')
})
