import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@cronos/store'
import { freshDatabase, missingDatabase } from './index.ts'

test('a fresh database has the newest schema and no rows', async () => {
  await using database = await freshDatabase('jobs')
  const { rows } = await database.pool('engine').query(sql`select * from jobs`)
  assert.deepEqual(rows, [])
})

test('what one test writes, another does not see', async () => {
  await using one = await freshDatabase('jobs')
  await using other = await freshDatabase('jobs')
  await one.pool('general').query(sql`create table mine (id int)`)
  const { rows } = await other
    .pool('general')
    .query<{ mine: string | null }>(sql`select to_regclass('mine') as mine`)
  assert.equal(rows[0]?.mine, null)
})

test('a missing database is not there until somebody makes it', async () => {
  await using database = await missingDatabase()
  await assert.rejects(database.pool('general').query(sql`select 1`), { code: '3D000' })
})
