import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2 as ofTheClient } from '@platformatic/kafka'
import fc from 'fast-check'
import { murmur2 } from './murmur2.ts'

test('a key goes to the partition that every other Kafka client would choose', () => {
  const keys = fc.oneof(
    fc.uuid().map(uuid => Buffer.from(`job_${uuid}`)),
    fc.uint8Array({ maxLength: 50 }).map(bytes => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(keys, key => assert.equal(murmur2(key.toString('latin1')), ofTheClient(key))),
  )
})

test('the hash is that of the Java client', () => {
  assert.equal(murmur2('21'), -973932308)
  assert.equal(murmur2('foobar'), -790332482)
  assert.equal(murmur2('a-little-bit-long-string'), -985981536)
})
