import { startGuardian } from './guardian.ts'
import type { PostgresCommand, PostgresOptions } from './postgres-guardian.ts'

/** A PostgreSQL server, and its superuser. */
export interface ServerAddress {
  /** To be followed by a database's name. */
  readonly url: string
  readonly user: string
  readonly password: string
}

/** A PostgreSQL that is thrown away: disposing of it stops it and removes its data. */
export interface TestPostgres extends AsyncDisposable {
  readonly address: ServerAddress
  /** Variables that make test processes use this server instead of starting one each. */
  readonly environment: Readonly<Record<string, string>>
  /** Stops it at once, as `pg_ctl stop -m immediate` does; it comes back and recovers. */
  crash(): Promise<void>
  /** Leaves no space on its disk; for a server that was given a small one. */
  fillDisk(): Promise<void>
  freeDisk(): Promise<void>
}

/** Names the server that whoever runs the tests has started for all of them. */
const SERVER_VARIABLE = 'CRONOS_TEST_POSTGRES'

let server: Promise<ServerAddress> | undefined

/**
 * The server of this test run: the one that `CRONOS_TEST_POSTGRES` names
 * (`postgres://user:password@host:port/`), else one of this process, which ends with it.
 */
export function testServer(): Promise<ServerAddress> {
  server ??= findServer()
  return server
}

async function findServer(): Promise<ServerAddress> {
  const given = process.env[SERVER_VARIABLE]
  if (given === undefined) return (await startTestPostgres()).address
  const { host, username, password } = new URL(given)
  return {
    url: `postgres://${host}/`,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
}

/**
 * Starts a PostgreSQL in a temporary folder. A guardian process stops it and removes the folder
 * when this process ends, be it by `kill -9`. It does not keep this process from ending.
 *
 * @param options a durable server forces commits to the disk, as in production; the others are
 *   quicker
 * @throws where it is to have a small disk and this user cannot mount one
 */
export async function startTestPostgres(
  options: PostgresOptions = { durable: false },
): Promise<TestPostgres> {
  const program = new URL('./postgres-guardian.ts', import.meta.url)
  const guardian = await startGuardian<ServerAddress>(program, options)
  const command = (name: PostgresCommand) => guardian.command(name)
  return {
    address: guardian.address,
    crash: () => command('crash'),
    fillDisk: () => command('fill disk'),
    freeDisk: () => command('free disk'),
    environment: { [SERVER_VARIABLE]: withCredentials(guardian.address) },
    [Symbol.asyncDispose]: () => guardian[Symbol.asyncDispose](),
  }
}

function withCredentials({ url, user, password }: ServerAddress): string {
  const address = new URL(url)
  address.username = encodeURIComponent(user)
  address.password = encodeURIComponent(password)
  return address.href
}
