import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLog } from '@cronos/runtime'
import type { Pool } from '@cronos/store'
import { startLive } from './live.ts'

test('while nobody follows anything the database is asked nothing', async () => {
  const db: Pool = new Proxy({} as Pool, { get: () => assert.fail('the database was asked') })
  const live = startLive({ db, log: openLog('test', 'silent') }, { pollMs: 50 })
  await live[Symbol.asyncDispose]()
  await live.done
})
