import { openPool, sql } from '@cronos/store'
import { type FreshDatabase, startTestKafka, startTestPostgres } from '@cronos/testkit'
import { findDescendants, type Parts, parentOf } from './cpu.ts'

/** The servers that a benchmark runs on; disposing of it stops them. */
export interface Stage extends AsyncDisposable {
  /** PostgreSQL with its own defaults for durability, and Kafka where it was asked for. */
  readonly parts: Parts
  /** `host:port` */
  readonly kafka: string | null
}

/**
 * Starts a PostgreSQL that forces each commit to the disk, which `freshDatabase` then uses, and a
 * Kafka of one broker where it is wanted.
 */
export async function openStage({ withKafka }: { withKafka: boolean }): Promise<Stage> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startTestPostgres({ durable: true }))
  Object.assign(process.env, postgres.environment)
  const kafka = withKafka ? stack.use(await startTestKafka()) : null
  const parts = {
    postgres: [await findPostmaster(postgres.address)],
    ...(kafka === null ? {} : { kafka: findDescendants(process.pid, 'java') }),
  }
  const owned = stack.move()
  return {
    parts,
    kafka: kafka?.bootstrapServers ?? null,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** What was written lately goes to the disk now, so that it does not while something is measured. */
export async function checkpoint(database: FreshDatabase): Promise<void> {
  await using pool = openPool({
    ...{ ...database.address, name: 'bench', max: 1, plans: 'general' },
    timeoutMs: 600_000,
  })
  await pool.query(sql`vacuum analyze`)
  await pool.query(sql`checkpoint`)
}

async function findPostmaster(server: {
  readonly url: string
  readonly user: string
  readonly password: string
}): Promise<number> {
  await using pool = openPool({
    ...{ ...server, name: 'bench', max: 1, plans: 'general' },
    url: new URL('postgres', server.url).href,
  })
  const { rows } = await pool.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  return parentOf(rows[0]!.pid)
}
