import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { type Db, openPool, type PoolOptions } from './db.ts'
import { hasCode } from './faults.ts'
import { sql } from './sql.ts'

export type Database = 'jobs' | 'users'

/** The lock that makes whoever starts first migrate, and the others wait for it. */
const MIGRATION_LOCK = 0x43_52_4f_4e // "CRON"

/** Waiting for another process that migrates, or for a large index, may take this long. */
const MIGRATION_TIMEOUT_MS = 600_000

export type Address = Pick<PoolOptions, 'url' | 'user' | 'password'>

/**
 * Brings the database to the newest schema: creates it where it is missing, then applies the
 * numbered files of `migrations/<database>` that it has not seen, each in a transaction of its own,
 * in order, while other processes that start at the same time wait.
 *
 * @returns the names of the files applied
 * @throws {Error} when a file that was applied has changed since
 */
export async function migrate(address: Address, database: Database): Promise<string[]> {
  const files = await readMigrations(database)
  await createIfMissing(address)
  await using pool = openPool(migrating(address))
  const applied: string[] = []
  for (;;) {
    const name = await pool.transaction(tx => applyNext(tx, files))
    if (name === null) return applied
    applied.push(name)
  }
}

/** Names the newest schema: changes whenever a migration is added or edited. */
export async function schemaHash(database: Database): Promise<string> {
  const hashes = (await readMigrations(database)).map(file => file.hash)
  return createHash('sha256').update(hashes.join()).digest('hex')
}

function migrating(address: Address): PoolOptions {
  const { url, user, password } = address
  const timeoutMs = MIGRATION_TIMEOUT_MS
  return { url, user, password, name: 'cronos-migrate', max: 1, plans: 'general', timeoutMs }
}

async function createIfMissing(address: Address): Promise<void> {
  try {
    await using pool = openPool(migrating(address))
    await pool.query(sql`select 1`)
  } catch (error) {
    if (!hasCode(error, '3D000')) throw error // invalid_catalog_name: no such database
    const url = new URL(address.url.replace(/^jdbc:/, ''))
    const name = decodeURIComponent(url.pathname.slice(1))
    url.pathname = '/postgres'
    await using pool = openPool(migrating({ ...address, url: url.href }))
    try {
      await pool.query({ text: `create database "${name.replaceAll('"', '""')}"`, values: [] })
    } catch (cause) {
      // Another process created it at the same moment: duplicate_database, or the unique index of
      // the catalog where the two were too close for that.
      if (!hasCode(cause, '42P04') && !hasCode(cause, '23505')) throw cause
    }
  }
}

interface Migration {
  readonly name: string
  readonly text: string
  readonly hash: string
}

async function readMigrations(database: Database): Promise<Migration[]> {
  const folder = new URL(`../migrations/${database}/`, import.meta.url)
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async name => {
      const text = await readFile(new URL(name, folder), 'utf8')
      return { name, text, hash: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

async function applyNext(tx: Db, files: readonly Migration[]): Promise<string | null> {
  await tx.query(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK}::bigint)`)
  await tx.query(sql`
    create table if not exists schema_migrations (
      name text primary key, hash text not null, applied_at timestamptz not null default now())`)
  const { rows } = await tx.query<{ name: string; hash: string }>(
    sql`select name, hash from schema_migrations`,
  )
  const seen = new Map(rows.map(row => [row.name, row.hash]))
  for (const file of files) {
    const hash = seen.get(file.name)
    if (hash === file.hash) continue
    if (hash !== undefined)
      throw new Error(`migration ${file.name} was applied with other contents than it has now`)
    await tx.query({ text: file.text, values: [] })
    await tx.query(
      sql`insert into schema_migrations (name, hash) values (${file.name}, ${file.hash})`,
    )
    return file.name
  }
  return null
}
