import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readableBody } from './body.ts'

test('UTF-8 is kept as text', () => {
  assert.deepEqual(readableBody(Buffer.from('Grüße 😀'), false), { body: 'Grüße 😀' })
  assert.deepEqual(readableBody(Buffer.alloc(0), false), { body: '' })
})

test('a character that was cut through at the end is left out', () => {
  const bytes = Buffer.from('é😀').subarray(0, 4)
  assert.deepEqual(readableBody(bytes, true), { body: 'é' })
})

test('what is no text is kept as base64', () => {
  assert.deepEqual(readableBody(Buffer.from([0xff, 0xfe]), false), { bodyBase64: '//4=' })
  assert.deepEqual(readableBody(Buffer.from('a\0b'), false), { bodyBase64: 'YQBi' })
})
