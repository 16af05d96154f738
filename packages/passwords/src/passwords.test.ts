import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CronosError } from '@cronos/contract'
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { openPasswords } from './index.ts'

const passwords = openPasswords()

test('a password is kept as argon2id, salted: the same one twice looks different', async () => {
  const [one, other] = await Promise.all([passwords.hash('hunter22'), passwords.hash('hunter22')])
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.notEqual(one, other)
})

test('only the whole password is right, however long it is', async () => {
  const long = 'a'.repeat(1_000)
  const kept = await passwords.hash(`${long}b`)
  assert.equal(await passwords.check(`${long}b`, kept), 'right')
  assert.equal(await passwords.check(`${long}c`, kept), 'wrong')
  assert.equal(await passwords.check(long, kept), 'wrong')
})

test('a bcrypt hash of an earlier system keeps working, and is outdated', async () => {
  for (const version of ['2a', '2b', '2y'] as const) {
    const kept = (await bcrypt.hash('correct-horse-7', 4)).replace(/^\$2\w/, () => `$${version}`)
    assert.equal(await passwords.check('correct-horse-7', kept), 'outdated')
    assert.equal(await passwords.check('correct-horse-8', kept), 'wrong')
  }
})

test('a hash that was made cheaper than today is outdated', async () => {
  const kept = await argon2.hash('correct-horse-7', { memoryCost: 8_192, timeCost: 1 })
  assert.equal(await passwords.check('correct-horse-7', kept), 'outdated')
})

test('nobody signs in as an unknown user, or with a hash that is none', async () => {
  assert.equal(await passwords.check('x', null), 'wrong')
  assert.equal(await passwords.check('x', 'x'), 'wrong')
  assert.equal(await passwords.check('', ''), 'wrong')
})

test('a flood is cut off instead of filling the memory', async () => {
  const flooded = openPasswords()
  const answers = await Promise.allSettled(
    Array.from({ length: 300 }, () => flooded.check('x', '$2b$')),
  )
  const refused = answers.filter(answer => answer.status === 'rejected')
  assert.equal(refused.length, 300 - 2 - 256)
  assert.ok(refused.every(({ reason }) => reason instanceof CronosError))
})
