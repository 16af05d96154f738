import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../apps/cronos/src/main.ts', import.meta.url))
const READY = 'Cronos is ready.'

export type ServiceName =
  | 'auth-service'
  | 'user-service'
  | 'job-service'
  | 'scheduler-service'
  | 'executor-service'

/** A place for one Cronos after the other. Disposing of it ends what still runs there. */
export interface Home extends AsyncDisposable {
  /** The data folder, made by the first start. */
  readonly data: string
  /** Starts Cronos, on free ports unless `env` says otherwise, and waits until it is ready. */
  start(env?: NodeJS.ProcessEnv): Promise<RunningCronos>
  /** Starts Cronos where it cannot start, and waits until it has ended. */
  fail(env?: NodeJS.ProcessEnv): Promise<Ended>
  /** Sends the signal to whatever was started here and has not ended. */
  signal(signal: NodeJS.Signals): void
  /** The process of Cronos' own PostgreSQL; null when there is none. */
  postgresPid(): Promise<number | null>
}

export interface RunningCronos {
  readonly pid: number
  /** What a person sees. */
  readonly output: string
  /** Where a service is, without its path. */
  readonly origin: Readonly<Record<ServiceName | 'gateway', string>>
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>
}

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null
  /** Lines on standard error. */
  readonly errors: readonly string[]
}

/** Starts the all-in-one process as `npm start` does, in a folder that is thrown away. */
export async function aHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-home-'))
  const data = join(folder, 'data')
  const running = new Set<ReturnType<typeof launch>>()

  function launchHere(env: NodeJS.ProcessEnv) {
    const process = launch({ CRONOS_DATA: data, CRONOS_CONFIG_DIR: folder, ...env }, folder)
    running.add(process)
    process.ended.then(() => running.delete(process))
    return process
  }

  async function postgresPid(): Promise<number | null> {
    const file = await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8').catch(() => '')
    const pid = Number.parseInt(file, 10)
    return pid > 0 && (await isAlive(pid)) ? pid : null
  }

  return {
    data,
    postgresPid,
    async start(env = {}) {
      const process = launchHere(env)
      const output = await process.ready
      return {
        pid: process.pid,
        output,
        origin: originsIn(output),
        async end(signal) {
          process.kill(signal)
          return process.ended
        },
      }
    },
    signal(signal) {
      for (const process of running) process.kill(signal)
    },
    fail: (env = {}) => launchHere(env).ended,
    async [Symbol.asyncDispose]() {
      for (const process of running) {
        process.kill('SIGTERM')
        await process.ended
      }
      const orphan = await postgresPid()
      if (orphan !== null) await killAndWait(orphan)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const PORTS = ['AUTH', 'USER', 'JOB', 'SCHEDULER', 'EXECUTOR', 'GATEWAY']
const FREE_PORTS = Object.fromEntries(PORTS.map(name => [`CONFIGS_SERVER_PORTS_${name}`, '0']))

function launch(env: NodeJS.ProcessEnv, cwd: string) {
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    env: { ...process.env, ...FREE_PORTS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = text(child.stderr)
  const ended: Promise<Ended> = once(child, 'close').then(async ([code]) => ({
    code,
    errors: (await errors).split('\n').filter(line => line !== ''),
  }))
  let output = ''
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', chunk => {
      output += chunk
      // The example is the end of what is said, and comes with the rest in one piece.
      if (output.includes(READY)) resolve(output)
    })
    ended.then(({ errors }) => reject(new Error(`Cronos did not start: ${errors.join('\n')}`)))
  })
  ready.catch(() => {}) // whoever waits for it hears of it; a start that is to fail has none
  return { pid: child.pid!, ready, ended, kill: (signal: NodeJS.Signals) => child.kill(signal) }
}

function originsIn(output: string): RunningCronos['origin'] {
  const found = output.matchAll(/^ {2}(\S+-service|all on one origin) +(http:\/\/[^/\s]+)/gm)
  const origins = Array.from(found, ([, name, origin]) => [
    name === 'all on one origin' ? 'gateway' : name,
    origin,
  ])
  return Object.fromEntries(origins)
}

/** A process that has ended, and whose parent has not noticed yet, is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !/\) Z /.test(stat)
}

/** Kills a process that is no child of ours, and waits until it is gone. */
export async function killAndWait(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  while (await isAlive(pid)) await new Promise(resolve => setTimeout(resolve, 20))
}
