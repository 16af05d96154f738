import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openPool, type Pool } from '@cronos/store'
import {
  type LocalPostgresOptions,
  type StartedPostgres,
  startLocalPostgres,
} from '../src/index.ts'
import { findPostmaster, stop } from '../src/postmaster.ts'
import type { StarterMessage } from './starter.ts'

/** A place for one data folder, where whatever a test left running is stopped at its end. */
export interface Playground extends AsyncDisposable {
  readonly dataDir: string
  /** Starts PostgreSQL in this process. */
  start(options?: Partial<LocalPostgresOptions>): Promise<StartedPostgres>
  /** Starts it in a process of its own, which can be killed. */
  startApart(): Promise<Apart>
  /** The process id of the PostgreSQL that runs on the folder. */
  postmaster(): Promise<number | null>
}

export interface Apart {
  readonly process: ChildProcess
  readonly message: StarterMessage
  kill(): Promise<void>
}

export async function makePlayground(): Promise<Playground> {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-local-postgres-'))
  await chmod(folder, 0o755)
  const dataDir = join(folder, 'postgres')
  const apart: Apart[] = []
  return {
    dataDir,
    start: options =>
      startLocalPostgres({ dataDir, durable: false, log: { info() {}, warn() {} }, ...options }),
    startApart: async () => {
      const started = await startApart(dataDir)
      apart.push(started)
      return started
    },
    postmaster: async () => (await findPostmaster(join(dataDir, 'data')))?.pid ?? null,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(apart.map(each => each.kill()))
      const running = await findPostmaster(join(dataDir, 'data'))
      if (running !== null) await stop(join(dataDir, 'data'), running)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startApart(dataDir: string): Promise<Apart> {
  const starter = fileURLToPath(new URL('./starter.ts', import.meta.url))
  const child = spawn(process.execPath, [starter, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  return {
    process: child,
    message: JSON.parse(line),
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export function poolOn({
  url,
  user,
  password,
}: Omit<StartedPostgres, keyof AsyncDisposable>): Pool {
  return openPool({ url: `${url}postgres`, user, password, name: 'test', max: 2, plans: 'general' })
}
