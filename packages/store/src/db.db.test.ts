import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshDatabase } from '@cronos/testkit'
import { type Db, hasCode, isTransient, openPool, type Pool, prepared, sql } from './index.ts'

test('a connection that is cut while nobody uses it ends no process, and is replaced', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('general')
  const before = await backend(pool)
  await terminate(database.pool('general'), before)
  assert.notEqual(await eventuallyBackend(pool), before)
})

test('a statement whose connection is cut fails as transient, and the next one works', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('general')
  const cut = pool.transaction(async tx => {
    await terminate(database.pool('general'), await backend(tx))
    await tx.query(sql`select 1`)
  })
  await assert.rejects(cut, isTransient)
  assert.ok(await backend(pool))
})

test('a database that cannot be reached is transient, a wrong statement is not', async () => {
  await using away = openPool({
    url: 'postgres://127.0.0.1:1/jobs',
    user: 'nobody',
    password: 'nothing',
    name: 'test',
    max: 1,
    plans: 'general',
  })
  await assert.rejects(away.query(sql`select 1`), isTransient)
  await using database = await freshDatabase('jobs')
  const wrong = database.pool('general').query(sql`select nothing`)
  await assert.rejects(wrong, error => !isTransient(error))
})

test('instants are read to the millisecond, in whatever year', async () => {
  await using database = await freshDatabase('jobs')
  const texts = [
    '2026-11-23T20:44:00Z',
    '2026-11-23T20:44:00.5Z',
    '2026-11-23T20:44:00.123456Z',
    '1969-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00Z',
    '0099-02-28T12:00:00.25Z',
    '9999-12-31T23:59:59.999Z',
  ]
  const { rows } = await database
    .pool('general')
    .query<{ at: number }>(sql`select unnest(${texts}::timestamptz[]) as at`)
  assert.deepEqual(
    rows.map(row => row.at),
    texts.map(text => Date.parse(text)),
  )
})

test('of two transactions that block each other both succeed in the end', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('general')
  await pool.query(sql`create table account (id int primary key, balance int not null)`)
  await pool.query(sql`insert into account values (1, 0), (2, 0)`)

  let tries = 0
  const bothHoldOne = meeting(2)
  const move = (first: number, second: number) =>
    pool.transaction(async tx => {
      tries += 1
      await tx.query(sql`update account set balance = balance + 1 where id = ${first}`)
      await bothHoldOne() // from here on neither can go on without the other's row
      await tx.query(sql`update account set balance = balance + 1 where id = ${second}`)
    })
  await Promise.all([move(1, 2), move(2, 1)])

  assert.equal(tries, 3)
  const { rows } = await pool.query(sql`select balance from account order by id`)
  assert.deepEqual(rows, [{ balance: 2 }, { balance: 2 }])
})

test('a transaction that fails for another reason is not tried again and leaves nothing', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('general')
  await pool.query(sql`create table kept (id int primary key)`)
  let tries = 0
  const failing = pool.transaction(async tx => {
    tries += 1
    await tx.query(sql`insert into kept values (1)`)
    await tx.query(sql`insert into kept values (1)`)
  })
  await assert.rejects(failing, error => hasCode(error, '23505'))
  assert.equal(tries, 1)
  assert.equal((await pool.query(sql`select from kept`)).rowCount, 0)
})

test('a user and a password may hold any character', async () => {
  await using database = await freshDatabase('jobs')
  const user = 'o\'neil@home:"5%"/?#'
  const password = `p@ss:w/ö%25rd?#'& `
  const admin = database.pool('general')
  const quoted = await admin.query<{ command: string }>(
    sql`select format('create role %I login password %L', ${user}::text, ${password}::text) as command`,
  )
  await admin.query({ text: quoted.rows[0]!.command, values: [] })
  try {
    await using pool = openPool({
      url: database.address.url.replace('postgres:', 'jdbc:postgresql:'),
      user,
      password,
      name: 'test',
      max: 1,
      plans: 'general',
    })
    assert.deepEqual((await pool.query(sql`select current_user as user`)).rows, [{ user }])
  } finally {
    await admin.query({ text: `drop role "${user.replaceAll('"', '""')}"`, values: [] })
  }
})

test('instants are epoch milliseconds and counts are numbers', async () => {
  await using database = await freshDatabase('jobs')
  const { rows } = await database.pool('general').query(sql`
    select '2026-11-23T20:44:00.123456Z'::timestamptz as at, count(*) as count`)
  assert.deepEqual(rows, [{ at: Date.UTC(2026, 10, 23, 20, 44, 0, 123), count: 1 }])
})

test('engine connections plan by index alone, whatever the statistics say', async () => {
  await using database = await freshDatabase('jobs')
  const setting = (pool: Pool) =>
    pool.query(sql`
      select current_setting('plan_cache_mode') as plans,
             current_setting('enable_seqscan') as seqscan,
             current_setting('TimeZone') as zone`)
  const engine = await setting(database.pool('engine'))
  assert.deepEqual(engine.rows, [{ plans: 'force_generic_plan', seqscan: 'off', zone: 'UTC' }])
  const general = await setting(database.pool('general'))
  assert.deepEqual(general.rows, [{ plans: 'auto', seqscan: 'on', zone: 'UTC' }])
})

test('a statement that takes too long is cut off by the server, as transient', async () => {
  await using database = await freshDatabase('jobs')
  await using pool = openPool({
    ...database.address,
    name: 'test',
    max: 1,
    plans: 'general',
    timeoutMs: 2_000, // connecting has as long, on a busy machine too
  })
  await assert.rejects(
    pool.query(sql`select pg_sleep(60)`),
    error => hasCode(error, '57014') && isTransient(error),
  )
})

test('a prepared statement takes new values each time', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('engine')
  const twice = (value: number) => prepared('twice')`select ${value}::int * 2 as doubled`
  assert.deepEqual((await pool.query(twice(2))).rows, [{ doubled: 4 }])
  assert.deepEqual((await pool.query(twice(21))).rows, [{ doubled: 42 }])
})

test('a listener hears its channel only, and learns when its connection is cut', async () => {
  await using database = await freshDatabase('jobs')
  const pool = database.pool('general')
  await using connection = await pool.connect()
  const heard = Promise.withResolvers<string>()
  await connection.listen('mine', heard.resolve)
  await pool.query(sql`select pg_notify('other', 'not for me')`)
  await pool.query(sql`select pg_notify('mine', 'hello')`)
  assert.equal(await heard.promise, 'hello')

  await terminate(pool, await backend(connection))
  await connection.closed
})

async function backend(db: Db): Promise<number> {
  const { rows } = await db.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  return rows[0]!.pid
}

/** A broken idle connection may still be handed out in the instant before its end is seen. */
async function eventuallyBackend(db: Db): Promise<number> {
  try {
    return await backend(db)
  } catch (error) {
    assert.ok(isTransient(error))
    return backend(db)
  }
}

async function terminate(db: Db, pid: number): Promise<void> {
  await db.query(sql`select pg_terminate_backend(${pid}, 5000)`)
}

/** Answers a function that resolves when `count` have called it, and at once from then on. */
function meeting(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>()
  let here = 0
  return () => {
    if (++here >= count) all.resolve()
    return all.promise
  }
}
