import { randomBytes } from 'node:crypto'
import {
  type Address,
  type Database,
  migrate,
  openPool,
  type Pool,
  type PoolOptions,
  type Statement,
  schemaHash,
  sql,
} from '@cronos/store'
import { type ServerAddress, testServer } from './server.ts'

/** A database that is thrown away: disposing of it closes its pools and drops it. */
export interface FreshDatabase extends AsyncDisposable {
  readonly address: Address
  /** Opens a pool on it, which ends with the database, if not before. */
  pool(plans: PoolOptions['plans']): Pool
}

/**
 * A database with the newest schema and no rows, for one test file. Takes some 50 ms.
 *
 * @param on another server than the test run's
 */
export async function freshDatabase(kind: Database, on?: ServerAddress): Promise<FreshDatabase> {
  const server = on ?? (await testServer())
  const template = await templateOf(kind, server)
  const database = fresh(server, `${kind}_${randomName()}`)
  await administer(server, admin =>
    admin.query(command(`create database ${nameIn(database)} template ${template}`)),
  )
  return database
}

/** The address of a database that is not there yet, for tests of what makes it. */
export async function missingDatabase(): Promise<FreshDatabase> {
  return fresh(await testServer(), `missing_${randomName()}`)
}

function fresh(server: ServerAddress, name: string): FreshDatabase {
  const address: Address = { ...server, url: new URL(name, server.url).href }
  const pools: Pool[] = []
  return {
    address,
    pool(plans) {
      const pool = openPool({ ...address, name: 'test', max: 10, plans })
      pools.push(pool)
      return pool
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pools.map(pool => pool[Symbol.asyncDispose]()))
      await administer(server, admin =>
        admin.query(command(`drop database if exists ${name} with (force)`)),
      )
    },
  }
}

const templates = new Map<string, Promise<string>>()

/** Migrates once a server and schema; after that a fresh database is a copy. */
function templateOf(kind: Database, server: ServerAddress): Promise<string> {
  const key = `${kind} on ${server.url}`
  const template = templates.get(key) ?? makeTemplate(kind, server)
  templates.set(key, template)
  return template
}

async function makeTemplate(kind: Database, server: ServerAddress): Promise<string> {
  const name = `template_${kind}_${(await schemaHash(kind)).slice(0, 16)}`
  await administer(server, async admin => {
    // Test processes that start at once wait here for the first. A template that takes connections
    // was left by a process that ended halfway; migrating is good at going on from there.
    await admin.query(sql`select pg_advisory_lock(hashtext(${name}))`)
    const { rowCount } = await admin.query(
      sql`select from pg_database where datname = ${name} and not datallowconn`,
    )
    if (rowCount > 0) return
    await migrate({ ...server, url: new URL(name, server.url).href }, kind)
    await admin.query(command(`alter database ${name} with allow_connections false`))
  })
  return name
}

/** Runs `work` on a connection of its own to the server, which then ends. */
async function administer(
  server: ServerAddress,
  work: (admin: Pick<Pool, 'query'>) => Promise<unknown>,
): Promise<void> {
  await using pool = openPool({
    ...server,
    url: new URL('postgres', server.url).href,
    name: 'testkit',
    max: 1,
    plans: 'general',
    timeoutMs: 60_000,
  })
  await work(pool)
}

/** For what takes no parameters; every name in it is one that we made. */
function command(text: string): Statement {
  return { text, values: [] }
}

function nameIn(database: FreshDatabase): string {
  return new URL(database.address.url).pathname.slice(1)
}

function randomName(): string {
  return randomBytes(8).toString('hex')
}
