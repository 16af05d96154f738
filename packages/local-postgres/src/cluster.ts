import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Account, commandAs } from './account.ts'
import { causeIn, folderFailure, LocalPostgresError } from './failure.ts'

/** The superuser, and the only user, of a cluster of ours. */
export const USER = 'cronos'

/** A data folder: PostgreSQL's own files, and beside them what we keep about them. */
export interface Cluster {
  readonly folder: string
  /** PGDATA. */
  readonly data: string
  /** What PostgreSQL writes about itself. */
  readonly logFile: string
  readonly password: string
}

/**
 * Opens the data folder, and makes it first where it is missing. It is made under another name and
 * then renamed, so a folder under its own name is whole, whenever the power went.
 *
 * @param durable false leaves the new files to the operating system to write down
 * @throws {LocalPostgresError} when the folder cannot be made or read, or holds something else
 */
export async function openCluster(
  dataDir: string,
  durable: boolean,
  initdb: string,
  account: Account,
): Promise<Cluster> {
  try {
    await mkdir(dirname(dataDir), { recursive: true })
    const names: string[] = await readdir(dataDir).catch(absent)
    if (names.length === 0) await create(dataDir, durable, initdb, account)
    else if (!names.includes('password') || !names.includes('data'))
      throw new LocalPostgresError(
        `the data folder ${dataDir} holds something else than a PostgreSQL of Cronos`,
      )
    const folder = await realpath(dataDir)
    const password = await readFile(join(folder, 'password'), 'utf8')
    return { folder, data: join(folder, 'data'), logFile: join(folder, 'log'), password }
  } catch (error) {
    throw error instanceof LocalPostgresError ? error : folderFailure(dataDir, error)
  }
}

/** The port of the last start. */
export async function keptPort(cluster: Cluster): Promise<number | null> {
  const kept = await readFile(join(cluster.folder, 'port'), 'utf8').catch(absent)
  return kept.length === 0 ? null : Number(kept)
}

export async function keepPort(cluster: Cluster, port: number): Promise<void> {
  await writeFile(join(cluster.folder, 'port'), `${port}`)
}

async function create(
  dataDir: string,
  durable: boolean,
  initdb: string,
  account: Account,
): Promise<void> {
  await removeHalfMade(dataDir)
  const half = `${dataDir}.new-${process.pid}`
  try {
    await mkdir(half, { mode: 0o700 })
    const password = join(half, 'password')
    await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 })
    if (account.user !== null)
      for (const path of [half, password]) await chown(path, account.user.uid, account.user.gid)
    await runInitdb(initdb, half, durable, account)
    await rename(half, dataDir).catch(madeByAnother)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}

async function runInitdb(
  initdb: string,
  folder: string,
  durable: boolean,
  account: Account,
): Promise<void> {
  const command = commandAs(account, initdb, [
    `--pgdata=${join(folder, 'data')}`,
    `--username=${USER}`,
    `--pwfile=${join(folder, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C', // messages and formats; text itself sorts by code point, alike on all machines
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ])
  const child = spawn(command.file, command.args, {
    ...command.identity,
    cwd: folder,
    env: postgresEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', error => reject(cannotRun(initdb, error)))
    child.once('close', resolve)
  })
  const [code, output] = await Promise.all([ended, text(child.stderr)])
  if (code !== 0)
    throw new LocalPostgresError(`a new database in ${folder} cannot be made: ${causeIn(output)}`)
}

/** The programs get no secret of ours that may stand in the environment. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
}

/** A program that is there but cannot be run lacks its C library: musl instead of glibc. */
export function cannotRun(program: string, error: NodeJS.ErrnoException): LocalPostgresError {
  const reason =
    error.code === 'ENOENT' ? 'it needs glibc, which Alpine does not have' : error.message
  return new LocalPostgresError(
    `${basename(program)} of the bundled PostgreSQL cannot be run here: ${reason}; use a ` +
      'PostgreSQL of your own (configs.jobDb.url, configs.userDb.url)',
    { cause: error },
  )
}

/** Half-made folders are left by processes that were killed while they made them. */
async function removeHalfMade(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.new-`
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length)))) continue
    await rm(join(dirname(dataDir), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function absent(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

function madeByAnother(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
}
