import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingDatabase } from '@cronos/testkit'
import { migrate, sql } from './index.ts'

test('many services that start at once on no database at all find one, migrated once', async () => {
  await using database = await missingDatabase()
  const starters = Array.from({ length: 8 }, () => migrate(database.address, 'jobs'))
  const applied = (await Promise.all(starters)).flat()
  assert.ok(applied.includes('0001_engine.sql'))
  assert.equal(new Set(applied).size, applied.length, 'no file is applied twice')

  const { rows } = await database
    .pool('general')
    .query<{ name: string }>(sql`select name from schema_migrations order by name`)
  assert.deepEqual(
    rows.map(row => row.name),
    applied.toSorted(),
  )
})

test('a database that is up to date is left as it is', async () => {
  await using database = await missingDatabase()
  await migrate(database.address, 'jobs')
  assert.deepEqual(await migrate(database.address, 'jobs'), [])
})

test('a migration that has changed since it was applied is refused by name', async () => {
  await using database = await missingDatabase()
  await migrate(database.address, 'jobs')
  await database
    .pool('general')
    .query(sql`update schema_migrations set hash = 'other' where name = '0001_engine.sql'`)
  await assert.rejects(migrate(database.address, 'jobs'), {
    message: 'migration 0001_engine.sql was applied with other contents than it has now',
  })
})

test('a migration that fails leaves nothing of itself, and the next start tries again', async () => {
  await using database = await missingDatabase()
  await migrate(database.address, 'jobs')
  const pool = database.pool('general')
  // The schema is there, but not the record of it: the first statement fails.
  await pool.query(sql`delete from schema_migrations`)
  await pool.query(sql`drop table executors`)
  await assert.rejects(migrate(database.address, 'jobs'), { code: '42P07' })
  assert.equal((await pool.query(sql`select from schema_migrations`)).rowCount, 0)

  await pool.query(sql`drop schema public cascade`)
  await pool.query(sql`create schema public`)
  assert.ok((await migrate(database.address, 'jobs')).includes('0001_engine.sql'))
})
