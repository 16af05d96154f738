import { execFile, spawn } from 'node:child_process'
import { open, readFile, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Account, commandAs } from './account.ts'
import { type Cluster, cannotRun, postgresEnvironment } from './cluster.ts'
import { causeIn, LocalPostgresError } from './failure.ts'

/** The process that a running PostgreSQL consists of; its children follow it. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** Whether it takes connections; else it is starting, recovering or stopping. */
  readonly ready: boolean
}

/** How often we look whether a process has become ready or has ended. */
export const LOOK_MS = 20

/**
 * Finds the PostgreSQL that runs on this data folder, whoever started it. A pid file that was left
 * behind, and whose number may belong to another program by now, is taken away: PostgreSQL would
 * refuse to start on its account.
 */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const pidFile = join(data, 'postmaster.pid')
  const content = await readFile(pidFile, 'utf8').catch(absent)
  if (content === null) return null
  // https://www.postgresql.org/docs/current/storage-file-layout.html: pid, folder, start, port, …
  const lines = content.split('\n').map(line => line.trim())
  const pid = Number(lines[0])
  if (!(pid > 0)) return null // being written
  if (await runsOn(pid, data)) return { pid, port: Number(lines[3]), ready: lines[7] === 'ready' }
  // It may have ended, and another have begun, since the file was read.
  if ((await readFile(pidFile, 'utf8').catch(absent)) === content)
    await rm(pidFile, { force: true })
  return null
}

/** Whether it was started with these arguments, so that a restart would change nothing. */
export async function wasStartedWith(data: string, args: readonly string[]): Promise<boolean> {
  const options = await readFile(join(data, 'postmaster.opts'), 'utf8').catch(absent)
  return options?.trimEnd().endsWith(args.map(arg => ` "${arg}"`).join('')) ?? false
}

/**
 * Starts PostgreSQL in a session of its own, so that Ctrl-C in a terminal reaches it through us
 * only, and waits until it takes connections or, where another was quicker, until it has ended.
 *
 * @throws {LocalPostgresError} with PostgreSQL's own reason when it does not come up
 */
export async function launch(
  cluster: Cluster,
  program: string,
  args: readonly string[],
  account: Account,
  signal: AbortSignal,
): Promise<void> {
  const log = await open(cluster.logFile, 'a', 0o600)
  const begin = (await log.stat()).size
  const command = commandAs(account, program, args)
  const child = spawn(command.file, command.args, {
    ...command.identity,
    cwd: cluster.data,
    env: postgresEnvironment(),
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  let failure: Error | undefined
  child.once('error', error => {
    failure = cannotRun(program, error)
  })
  child.unref()
  await log.close()
  for (;;) {
    await rest(LOOK_MS, undefined, { signal })
    if (failure) throw failure
    if (child.exitCode !== null || child.signalCode !== null) break
    if ((await findPostmaster(cluster.data))?.ready) return
  }
  const output = await readFrom(cluster.logFile, begin)
  if (output.includes('lock file "postmaster.pid" already exists')) return
  throw new LocalPostgresError(
    `PostgreSQL does not start in ${cluster.folder}: ${causeIn(output)} (see ${cluster.logFile})`,
  )
}

/**
 * Stops it: connections are cut off, what was committed is written down. One that does not react
 * is ended the hard way, which the next start recovers from.
 *
 * @throws {LocalPostgresError} when it runs on nevertheless
 */
export async function stop(data: string, { pid }: Pick<Postmaster, 'pid'>): Promise<void> {
  // https://www.postgresql.org/docs/current/server-shutdown.html: fast, then immediate shutdown
  const manners = [
    ['SIGINT', 30_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const
  for (const [signal, patienceMs] of manners) {
    if (!send(pid, signal)) return
    const since = performance.now()
    while (performance.now() - since < patienceMs) {
      if (!(await runsOn(pid, data))) return
      await rest(LOOK_MS)
    }
  }
  throw new LocalPostgresError(`PostgreSQL (pid ${pid}) cannot be stopped`)
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Whether process `pid` is a PostgreSQL on this data folder; a zombie is not. */
async function runsOn(pid: number, data: string): Promise<boolean> {
  const command = `${await commandLine(pid)} `
  if (!/postgres\s/.test(command)) return false
  return command.includes(` -D ${data} `) || (await workingFolder(pid)) === data
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux')
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
    return (await promisify(execFile)('ps', ['-o', 'command=', '-p', `${pid}`])).stdout.trim()
  } catch {
    return '' // there is no such process
  }
}

/** PostgreSQL works in its data folder, also when somebody started it in another way than we do. */
async function workingFolder(pid: number): Promise<string | null> {
  return readlink(`/proc/${pid}/cwd`).catch(() => null) // ended, another user's, or not Linux
}

async function readFrom(file: string, begin: number): Promise<string> {
  const log = await open(file)
  try {
    const length = Math.min((await stat(file)).size - begin, 65_536)
    const { buffer } = await log.read(Buffer.alloc(Math.max(length, 0)), { position: begin })
    return buffer.toString()
  } finally {
    await log.close()
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
