import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { CronosError, errorBody, errorStatus } from './index.ts'

test('docs/errors.md explains every refusal with its status, and no other', async () => {
  const page = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) +\| \S.* \| \S.* \|$/gm)
  const explained = Object.fromEntries([...rows].map(([, code, status]) => [code, Number(status)]))
  assert.deepEqual(explained, errorStatus)
})

test('an error of the auth- and user-service names its status', () => {
  const { code, message } = new CronosError('USERNAME_TAKEN', 'Username already taken')
  const body = errorBody('named', errorStatus[code], message, '/any', new Date())
  assert.deepEqual(body, { status: 'CONFLICT', message: 'Username already taken' })
})

test('an error of the other services says when and where', () => {
  const now = new Date('2026-11-23T20:42:07.713Z')
  assert.deepEqual(errorBody('timed', 415, 'Content-Type must be application/json', '/x', now), {
    timestamp: '2026-11-23T20:42:07.713Z',
    status: 415,
    error: 'Unsupported Media Type',
    message: 'Content-Type must be application/json',
    path: '/x',
  })
})
