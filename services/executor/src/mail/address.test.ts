import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAddress } from './address.ts'

test('plain addresses are addresses', () => {
  for (const text of [
    'alice@example.com',
    "o'brien+tag@mail.example.co.uk",
    'a.b-c_d@xn--bcher-kva.example',
    'jürgen@bücher.example',
    'root@localhost',
  ])
    assert.ok(isAddress(text), text)
})

test('what could mean another recipient, or none, is no address', () => {
  for (const text of [
    '',
    'alice',
    '@example.com',
    'alice@',
    'a@b@c',
    'a@x.com, b@x.com',
    'a@x.com;b@x.com',
    'Alice <a@x.com>',
    'a@x.com\r\nBcc: b@x.com',
    'a@x.com\nb@x.com',
    'a b@x.com',
    'a\0@x.com',
    '"a b"@x.com',
    'a@[127.0.0.1]',
    'a@x..com',
    '.a@x.com',
    'a.@x.com',
    'a@.com',
    'a@x.com.',
    `${'a'.repeat(65)}@x.com`,
    `a@${'x'.repeat(250)}.com`,
  ])
    assert.ok(!isAddress(text), JSON.stringify(text))
})
