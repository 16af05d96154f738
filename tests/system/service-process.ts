import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Address } from '@cronos/store'

/** A service in a process of its own. Disposing of it kills it. */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number
  /** Where it is, without its path. */
  readonly origin: string
  /** What `/health` answers now. */
  health(): Promise<Health>
  /** Resolves when `/health` answers so. */
  becomes(status: 'UP' | 'DOWN'): Promise<Health>
  /** Sends a signal; resolves with the exit code, null where the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
  /** Sends a signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves with the exit code when it has ended, null where a signal ended it. */
  readonly ended: Promise<number | null>
  /** Null while it runs. */
  readonly exitCode: number | null
}

/** A line of a service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string }

/** How a service is started otherwise than an operator would. */
export interface HowToStart {
  /** Variables that win over the folder's files. */
  readonly env?: Readonly<Record<string, string>>
  /** A module that is loaded before the service. */
  readonly preload?: URL
  /** Is given each line of its log. */
  readonly hear?: (line: LogLine) => void
}

export interface Health {
  readonly status: 'UP' | 'DOWN'
  readonly checks?: Readonly<Record<string, 'UP' | 'DOWN'>>
}

/** A folder with the two properties files of scheduler and executor, as an operator writes them. */
export async function aConfigFolder(
  jobDb: Address,
  bootstrapServers: string,
  more: Readonly<Record<string, string>> = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-config-'))
  const { origin, pathname } = new URL(jobDb.url.replace(/^postgres:/, 'http:'))
  const service = {
    'configs.jobDb.url': `jdbc:postgresql${origin.slice('http'.length)}/`,
    'configs.jobDb.name': pathname.slice(1),
    'configs.kafka.bootstrap-servers': bootstrapServers,
    'configs.server.host': '127.0.0.1',
    'configs.server.port': '0',
    ...more,
  }
  const secrets = {
    'secrets.datasource.username': jobDb.user,
    'secrets.datasource.password': jobDb.password,
    'secrets.client.password': 'none is asked for a token here',
  }
  await writeFile(join(folder, 'service.properties'), linesOf(service))
  await writeFile(join(folder, 'secrets.properties'), linesOf(secrets))
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

function linesOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** Whoever ends the tests leaves no service behind. */
const running = new Set<ChildProcess>()
process.once('SIGTERM', () => process.exit(143))
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts the `main.ts` of a service, and waits until its port answers. */
export async function startService(
  name: 'job' | 'scheduler' | 'executor',
  configFolder: string,
  { env = {}, preload, hear }: HowToStart = {},
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url))
  const before = preload === undefined ? [] : ['--import', preload.href]
  const child = spawn(process.execPath, [...before, main], {
    env: { PATH: process.env['PATH'], CRONOS_CONFIG_DIR: configFolder, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  const lines = createInterface({ input: child.stdout })
  const port = await new Promise<number>((resolve, reject) => {
    lines.on('line', line => {
      const said: LogLine = JSON.parse(line)
      if (said.msg === `${name}-service listens`) resolve(Number(said['port']))
      hear?.(said)
      if (process.env['CRONOS_TEST_LOG']) console.error(line)
    })
    ended.then(code => reject(new Error(`${name}-service ended with ${code}`)))
  })
  const origin = `http://127.0.0.1:${port}`

  async function health(): Promise<Health> {
    const response = await fetch(`${origin}/${name}-service/health`)
    return (await response.json()) as Health
  }

  return {
    pid: child.pid!,
    origin,
    health,
    ended,
    signal: signal => child.kill(signal),
    get exitCode() {
      return child.exitCode
    },
    async becomes(status) {
      for (;;) {
        const found = await health()
        if (found.status === status) return found
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    },
    async end(signal) {
      child.kill(signal)
      return ended
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
