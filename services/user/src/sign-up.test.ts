import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readSignUp } from './sign-up.ts'

const alice = { username: 'alice', password: 'correct-horse-7', email: 'alice@example.com' }

test('username and email are trimmed, the email is lower-cased, the password is left alone', () => {
  const asked = { username: ' Alice\t', password: ' Correct Horse ', email: ' Alice@Example.COM ' }
  assert.deepEqual(readSignUp(asked), {
    username: 'Alice',
    password: ' Correct Horse ',
    email: 'alice@example.com',
  })
})

test('lengths are counted in characters, not in their halves', () => {
  assert.throws(() => readSignUp({ ...alice, password: '🐎🐎🐎🐎' }), /at least 8/)
  assert.ok(readSignUp({ ...alice, password: '🐎'.repeat(8), username: '🐎'.repeat(255) }))
})

describe('is refused', () => {
  for (const [name, asked, message] of [
    ['a short password', { password: 'short77' }, /^password must have at least 8 characters$/],
    ['a password beyond the limit', { password: 'x'.repeat(1_025) }, /^password .* at most 1024/],
    ['a long username', { username: 'x'.repeat(256) }, /^username .* at most 255 characters$/],
  ] as const)
    test(name, () => {
      assert.throws(() => readSignUp({ ...alice, ...asked }), { code: 'INVALID_REQUEST', message })
    })

  for (const email of [
    'alice',
    'alice@',
    '@example.com',
    'alice@example',
    'alice@@example.com',
    'alice@example..com',
    '.alice@example.com',
    'alice.@example.com',
    'al ice@example.com',
    'alice@-example.com',
    'alice@example.com\nBcc: all@example.com',
    'Alice <alice@example.com>',
    'alice@example.com,bob@example.com',
    `${'a'.repeat(65)}@example.com`,
    `alice@${'a.'.repeat(130)}com`,
  ])
    test(`the email ${JSON.stringify(email.slice(0, 40))}`, () => {
      assert.throws(() => readSignUp({ ...alice, email }), /^CronosError: email must be an address/)
    })
})

test('addresses that people have are taken', () => {
  for (const email of ['a.b+jobs@mail.example.co.uk', "o'hara@example.ie", 'käthe@bücher.example'])
    assert.equal(readSignUp({ ...alice, email }).email, email)
})
