import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode, isTransient, openPool, type Pool, sql } from '@cronos/store'
import { startTestPostgres, type TestPostgres } from './server.ts'

test('a PostgreSQL that was stopped at once comes back with what was committed', async () => {
  await using postgres = await startTestPostgres({ durable: true })
  await using db = connectTo(postgres)
  await db.query(sql`create table kept (number int)`)
  await db.query(sql`insert into kept values (1)`)
  await postgres.crash()
  const { rows } = await answered(() => db.query(sql`select number from kept`))
  assert.deepEqual(rows, [{ number: 1 }])
})

const isRoot = process.getuid?.() === 0

test('a small disk that is full takes nothing more, until there is space', {
  skip: !isRoot && 'only root can mount a disk',
}, async () => {
  await using postgres = await startTestPostgres({ durable: true, diskMb: 512 })
  await using db = connectTo(postgres)
  await db.query(sql`create table filled (number int)`)
  const insert = () => db.query(sql`insert into filled select * from generate_series(1, 100000)`)
  await postgres.fillDisk()
  await assert.rejects(insert, (error: unknown) => hasCode(error, '53100'))
  await postgres.freeDisk()
  await insert()
})

function connectTo({ address }: TestPostgres): Pool {
  const url = new URL('postgres', address.url).href
  return openPool({ ...address, url, name: 'test', max: 1, plans: 'general' })
}

/** Asks again while the server is away. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await ask()
    } catch (error) {
      if (!isTransient(error)) throw error
      await new Promise(resolve => setTimeout(resolve, 20))
    }
}
