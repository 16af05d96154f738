import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEmbeddedBus } from '@cronos/bus'
import { type Connection, listenForWakes, openWakeTeller } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'
import { testPipeline } from './pipeline.ts'

testPipeline('embedded', () => Promise.resolve({ bus: openEmbeddedBus(), isShared: false }))

test('a flood of news is a few notifications', async () => {
  await using database = await freshDatabase('jobs')
  const db = database.pool('engine')
  await using connection: Connection = await db.connect()
  const heard: number[] = []
  await listenForWakes(connection, inMs => heard.push(inMs))
  await using teller = openWakeTeller(db, {
    horizonMs: 30_000,
    onError: error => assert.fail(String(error)),
  })
  for (let n = 0; n < 1_000; n++) teller.tell(60_000)
  for (let n = 0; n < 1_000; n++) teller.tell(20_000 - n)
  const rest = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
  while (heard.length === 0) await rest(5)
  await rest(50) // for more of them, should there be any
  assert.ok(heard.length <= 3, `${heard.length} notifications`)
  assert.ok(heard.every(inMs => inMs <= 20_000))
})
