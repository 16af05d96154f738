import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anEvent, testBus } from './conformance.ts'
import { openEmbeddedBus } from './embedded.ts'

testBus('embedded', () => Promise.resolve(openEmbeddedBus()))

test('embedded: the backlog counts what was accepted and is not settled', async () => {
  await using bus = openEmbeddedBus()
  await bus.publish([anEvent(1), anEvent(2)])
  assert.equal(bus.backlog, 2)
  const settled = Promise.withResolvers<void>()
  await using _subscription = await bus.subscribe(
    deliveries => {
      deliveries[0]?.settle()
      settled.resolve()
    },
    { maxUnsettled: 10 },
  )
  await settled.promise
  assert.equal(bus.backlog, 1)
})

test('embedded: what nobody takes is refused before it fills the memory', async () => {
  await using bus = openEmbeddedBus()
  const many = Array.from({ length: 50_000 }, (_, n) => anEvent(n))
  await bus.publish(many)
  await bus.publish(many)
  await assert.rejects(bus.publish([anEvent(1)]), /takes no more/)
})
