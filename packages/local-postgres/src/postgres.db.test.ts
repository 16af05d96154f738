import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { hasCode, sql } from '@cronos/store'
import { makePlayground, poolOn } from '../test/playground.ts'

test('the first start makes a database, the next finds it again on the same port', async () => {
  await using playground = await makePlayground()
  let port: number
  {
    await using postgres = await playground.start()
    await using pool = poolOn(postgres)
    await pool.query(sql`create table kept as select 42 as answer`)
    port = postgres.port
  }
  await using postgres = await playground.start()
  await using pool = poolOn(postgres)
  assert.equal(postgres.port, port)
  assert.deepEqual((await pool.query(sql`select * from kept`)).rows, [{ answer: 42 }])
})

test('it commits to the disk unless told otherwise, in UTF-8, alike on every machine', async () => {
  await using playground = await makePlayground()
  await using postgres = await playground.start({ durable: true })
  await using pool = poolOn(postgres)
  const { rows } = await pool.query(sql`
    select current_setting('fsync') as fsync,
           current_setting('synchronous_commit') as commit,
           current_setting('server_encoding') as encoding,
           current_setting('listen_addresses') as addresses,
           datlocale as locale
      from pg_database
     where datname = current_database()`)
  assert.deepEqual(rows, [
    { fsync: 'on', commit: 'on', encoding: 'UTF8', addresses: '127.0.0.1', locale: 'C.UTF-8' },
  ])
})

test('nobody gets in without the password, which only its owner can read', async () => {
  await using playground = await makePlayground()
  await using postgres = await playground.start()
  await using pool = poolOn({ ...postgres, password: 'guessed' })
  await assert.rejects(pool.query(sql`select 1`), error => hasCode(error, '28P01'))
  assert.equal((await stat(join(playground.dataDir, 'password'))).mode & 0o077, 0)
})

test('after a stop nothing is left running', async () => {
  await using playground = await makePlayground()
  const postgres = await playground.start()
  const pid = await playground.postmaster()
  assert.ok(pid)
  await postgres[Symbol.asyncDispose]()
  await postgres.done
  await isGone(pid)
})

/** Whoever has inherited a process that ended takes note of its end in its own time. */
async function isGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch (error) {
      return assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH')
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

test('a PostgreSQL whose Cronos was killed lives on, and the next start takes it over', async () => {
  await using playground = await makePlayground()
  const killed = await playground.startApart()
  const pid = await playground.postmaster()
  await killed.kill()

  await using postgres = await playground.start()
  assert.equal(await playground.postmaster(), pid)
  await using pool = poolOn(postgres)
  assert.equal((await pool.query(sql`select 1`)).rowCount, 1)
})

test('one that was left with other settings is started again with the right ones', async () => {
  await using playground = await makePlayground()
  await (await playground.startApart()).kill()

  await using postgres = await playground.start({ settings: { max_connections: '33' } })
  await using pool = poolOn(postgres)
  assert.deepEqual((await pool.query(sql`show max_connections`)).rows, [{ max_connections: '33' }])
})

test('a second Cronos on the same folder is told who uses it, and does the first no harm', async () => {
  await using playground = await makePlayground()
  const first = await playground.startApart()
  const pid = await playground.postmaster()
  await assert.rejects(playground.start(), {
    name: 'LocalPostgresError',
    message: `the data folder ${playground.dataDir} is in use by another Cronos (pid ${first.process.pid})`,
  })
  assert.equal(await playground.postmaster(), pid)
})

test('of several that start at once on an empty folder one gets it', async () => {
  await using playground = await makePlayground()
  const all = await Promise.all([1, 2, 3].map(() => playground.startApart()))
  const refused = all.filter(({ message }) => 'error' in message)
  assert.equal(refused.length, 2)
  for (const { message } of refused) assert.match(JSON.stringify(message), /in use by another/)
})

test('PostgreSQL killed with -9 is brought back on the same port with what was committed', async () => {
  await using playground = await makePlayground()
  await using postgres = await playground.start({ durable: true })
  await using pool = poolOn(postgres)
  await pool.query(sql`create table kept as select 42 as answer`)
  process.kill((await playground.postmaster())!, 'SIGKILL')

  const rows = await eventually(async () => (await pool.query(sql`select * from kept`)).rows)
  assert.deepEqual(rows, [{ answer: 42 }])
})

test('a pid file from before a power cut, its number now some other program, is no obstacle', async () => {
  await using playground = await makePlayground()
  await (await playground.start())[Symbol.asyncDispose]()
  const pidFile = join(playground.dataDir, 'data/postmaster.pid')
  await writeFile(pidFile, `${process.pid}\n${playground.dataDir}/data\n1\n5432\n\n127.0.0.1\n`)

  await using _postgres = await playground.start()
  assert.notEqual(await playground.postmaster(), process.pid)
})

test('a folder half made when the power went is made anew', async () => {
  await using playground = await makePlayground()
  const half = `${playground.dataDir}.new-999999999`
  await mkdir(join(half, 'data'), { recursive: true })

  await using _postgres = await playground.start()
  await assert.rejects(stat(half), { code: 'ENOENT' })
})

test('a folder that holds something else is refused and left alone', async () => {
  await using playground = await makePlayground()
  await mkdir(playground.dataDir)
  await writeFile(join(playground.dataDir, 'thesis.txt'), 'mine')
  await assert.rejects(playground.start(), {
    name: 'LocalPostgresError',
    message: `the data folder ${playground.dataDir} holds something else than a PostgreSQL of Cronos`,
  })
  assert.equal(await readFile(join(playground.dataDir, 'thesis.txt'), 'utf8'), 'mine')
})

test('a place where no folder can be made is named with the reason', async () => {
  await using playground = await makePlayground()
  const file = `${playground.dataDir}.txt`
  await writeFile(file, 'a file')
  await assert.rejects(playground.start({ dataDir: join(file, 'postgres') }), {
    name: 'LocalPostgresError',
    message: /^the data folder .* cannot be used: EEXIST/,
  })
})

test('when another program has taken the kept port, a free one is chosen', async () => {
  await using playground = await makePlayground()
  const first = await playground.start()
  await first[Symbol.asyncDispose]()
  await using _other = await occupy(first.port)

  await using postgres = await playground.start()
  assert.notEqual(postgres.port, first.port)
})

test('a port that was asked for and is taken ends the start with its number', async () => {
  await using playground = await makePlayground()
  await using other = await occupy(0)
  await assert.rejects(playground.start({ port: other.port }), {
    name: 'LocalPostgresError',
    message: `port ${other.port}, wanted for PostgreSQL, is taken`,
  })
})

test('a setting that PostgreSQL refuses ends the start with its own words', async () => {
  await using playground = await makePlayground()
  await assert.rejects(playground.start({ settings: { shared_buffers: 'plenty' } }), {
    name: 'LocalPostgresError',
    message: /FATAL: {2}invalid value for parameter "shared_buffers": "plenty"/,
  })
  assert.equal(await playground.postmaster(), null)
})

const linux = process.platform === 'linux' ? {} : { skip: 'reads /proc' }
test(
  'Ctrl-C in the terminal does not reach PostgreSQL: it has a session of its own',
  linux,
  async () => {
    await using playground = await makePlayground()
    await using _postgres = await playground.start()
    const pid = await playground.postmaster()
    assert.equal(await sessionOf(pid!), pid)
  },
)

const asRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' }
test(
  'started by root it runs as somebody else, even below a folder closed to others',
  asRoot,
  async () => {
    await using playground = await makePlayground()
    const closed = join(dirname(playground.dataDir), 'closed')
    await mkdir(closed, { mode: 0o700 })
    await using postgres = await playground.start({ dataDir: join(closed, 'postgres') })
    const pid = Number(
      (await readFile(join(closed, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
    )
    assert.notEqual((await stat(`/proc/${pid}`)).uid, 0)
    await using pool = poolOn(postgres)
    await pool.query(sql`create table written as select 1`)
  },
)

/** Tries until it succeeds; the test runner's own limit ends a test that waits in vain. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}

async function occupy(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: '127.0.0.1', port }, resolve)
  })
  const address = server.address() as { port: number }
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  }
}

async function sessionOf(pid: number): Promise<number> {
  // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: after the name, field 6 is the session
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
  return Number(fields[3])
}
