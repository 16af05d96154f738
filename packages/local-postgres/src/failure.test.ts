import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causeIn, folderFailure } from './failure.ts'

test('the cause is the last line that says why PostgreSQL gave up, without time and process', () => {
  const output = `2026-11-23 23:03:59.592 UTC [6808] LOG:  starting PostgreSQL 18.4
2026-11-23 23:03:59.600 UTC [6808] FATAL:  could not create any TCP/IP sockets
2026-11-23 23:03:59.601 UTC [6808] LOG:  database system is shut down
`
  assert.equal(causeIn(output), 'FATAL:  could not create any TCP/IP sockets')
})

test('a full disk is the cause, whatever follows from it', () => {
  const output = `FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes
HINT:  Check free disk space.
PANIC:  cannot abort transaction 1, it was already committed`
  assert.equal(causeIn(output), 'no space is left on the disk')
})

test('a program that says nothing we know is quoted with its last line', () => {
  assert.equal(
    causeIn('setpriv: apply capabilities: denied\n\n'),
    'setpriv: apply capabilities: denied',
  )
  assert.equal(causeIn(''), 'it said nothing')
})

test('a folder that cannot be written, or has no space, is named in one line', () => {
  const denied = folderFailure('/data', Object.assign(new Error('denied'), { code: 'EACCES' }))
  assert.equal(denied.message, 'the data folder /data cannot be written by this user (EACCES)')
  const full = folderFailure('/data', Object.assign(new Error('full'), { code: 'ENOSPC' }))
  assert.equal(full.message, 'no space is left for the data folder /data')
})
