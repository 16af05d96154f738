import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { KeyClaim, UserId } from '@cronos/domain'
import { freshDatabase } from '@cronos/testkit'
import { sql } from '../sql.ts'
import { claimKey, forgetKeys, keepAnswers, releaseKey } from './idempotency.ts'

const database = await freshDatabase('jobs')
const db = database.pool('engine')
after(() => database[Symbol.asyncDispose]())

const alice = 'alice' as UserId
const bob = 'bob' as UserId
const request = Buffer.from('a request')
const another = Buffer.from('another')

async function claimed(key: string, owner = alice): Promise<KeyClaim> {
  const found = await claimKey(db, owner, key, request)
  assert.equal(found.kind, 'new')
  return (found as Extract<typeof found, { kind: 'new' }>).claim
}

const kept = (claim: KeyClaim, body: string | null = '{"n":1}') => ({ claim, status: 201, body })

/** Lets the claim of a key end now. */
const endLease = (key: string) =>
  db.query(sql`update idempotency set lease_until = now() - interval '1 second' where key = ${key}`)
/** Makes a key as old as it can be, and a moment older. */
const age = (key: string) =>
  db.query(sql`update idempotency set created_at = now() - interval '25 hours' where key = ${key}`)

test('of many requests with one key at once, one is carried out', async () => {
  const found = await Promise.all(
    Array.from({ length: 20 }, () => claimKey(db, alice, 'at once', request)),
  )
  const kinds = found.map(each => each.kind).toSorted()
  assert.deepEqual(kinds, ['new', ...Array.from({ length: 19 }, () => 'under way')])
})

test('a request that came before gets the same answer, another one with its key is told so', async () => {
  const claim = await claimed('same')
  assert.deepEqual(await claimKey(db, alice, 'same', request), { kind: 'under way' })
  assert.equal(await keepAnswers(db, [kept(claim)]), 1)
  const answer = { kind: 'answered', status: 201, body: '{"n":1}' }
  assert.deepEqual(await claimKey(db, alice, 'same', request), answer)
  assert.deepEqual(await claimKey(db, alice, 'same', another), { kind: 'other request' })
})

test('each owner has keys of their own', async () => {
  await claimed('mine')
  await claimed('mine', bob)
})

test('a key that was given back is as if it had never come', async () => {
  const claim = await claimed('again')
  await releaseKey(db, claim)
  const next = await claimKey(db, alice, 'again', another)
  assert.equal(next.kind, 'new')
})

test('an answer stays, whoever gives its key back', async () => {
  const claim = await claimed('stays')
  await keepAnswers(db, [kept(claim, null)])
  await releaseKey(db, claim)
  const found = await claimKey(db, alice, 'stays', request)
  assert.deepEqual(found, { kind: 'answered', status: 201, body: null })
})

test('an answer is not replaced by a second one', async () => {
  const claim = await claimed('once')
  await keepAnswers(db, [kept(claim)])
  assert.equal(await keepAnswers(db, [{ ...kept(claim), status: 400 }]), 0)
})

test('a request whose process died is carried out again once its claim has ended', async () => {
  const dead = await claimed('died')
  assert.equal((await claimKey(db, alice, 'died', request)).kind, 'under way')
  await endLease('died')
  assert.equal((await claimKey(db, alice, 'died', another)).kind, 'other request')
  const claim = await claimed('died')
  assert.equal(await keepAnswers(db, [kept(dead)]), 0, 'the dead one can store nothing')
  await releaseKey(db, dead)
  assert.equal(await keepAnswers(db, [kept(claim)]), 1)
})

test('after a day a key is free again, also before it was swept away', async () => {
  const claim = await claimed('old')
  await keepAnswers(db, [kept(claim)])
  await age('old')
  assert.equal((await claimKey(db, alice, 'old', another)).kind, 'new')
})

test('only what is older than a day is swept away, in batches', async () => {
  for (const key of ['sweep 1', 'sweep 2', 'sweep 3', 'young']) await claimed(key)
  for (const key of ['sweep 1', 'sweep 2', 'sweep 3']) await age(key)
  assert.equal(await forgetKeys(db, 2), 2)
  assert.equal(await forgetKeys(db, 2), 1)
  assert.equal(await forgetKeys(db, 2), 0)
  assert.equal((await claimKey(db, alice, 'young', request)).kind, 'under way')
})
