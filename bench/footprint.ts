/**
 * What each service needs: memory when it is ready and when it has been idle for a while, and how
 * long it takes from its start until it is ready.
 *
 *     node bench/footprint.ts [rounds, 3] [name, … of programs]
 *
 * Each service is its own `main.ts` with Kafka; the all-in-one process uses the same PostgreSQL, whose
 * own memory is not counted. They run as `npm start` and the image run them: with a small young
 * generation, few arenas, and a cache of compiled code, which a first start that is not counted fills.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as rest } from 'node:timers/promises'
import { cpuTimes, residentMb } from './measure/cpu.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'

const rounds = Number(process.argv[2] ?? 3)
const only = process.argv.slice(3)
const IDLE_MS = 10_000
const SERVICES = ['auth', 'user', 'job', 'scheduler', 'executor'] as const
const SMALL_HEAP = ['--max-semi-space-size=4']
const ROOT = join(import.meta.dirname, '..')

await using stage = await openStage({ withKafka: true })
const folder = await mkdtemp(join(tmpdir(), 'cronos-bench-'))
await writeConfig()
const programs = [
  ...SERVICES.map(name => ({ name: `${name}-service`, main: `services/${name}/src/main.ts` })),
  { name: 'all in one', main: 'apps/cronos/src/main.ts' },
].filter(({ name }) => only.length === 0 || only.some(each => name.includes(each)))
const results = []
for (const program of programs) {
  const measured = []
  const first = await measure(program.main)
  for (let round = 0; round < rounds; round++) measured.push(await measure(program.main))
  results.push({ ...program, first, measured })
}
await rm(folder, { recursive: true, force: true })

publish({
  name: 'footprint',
  what: `memory after ${IDLE_MS / 1_000} s idle (goal: 130 MB a service, 220 MB all in one), and start to ready (goal: 1 s); ${rounds} rounds`,
  rows: results.map(({ name, first, measured }) => ({
    process: name,
    'resident, median': `${shown(median(measured.map(each => each.mb)))} MB`,
    'start to ready, median': `${shown(median(measured.map(each => each.readyMs)))} ms`,
    spread: spread(measured.map(each => each.readyMs)),
    'CPU of it': `${shown(median(measured.map(each => each.cpuMs)))} ms`,
    'first start': `${shown(first.mb)} MB, ${shown(first.readyMs)} ms, CPU ${shown(first.cpuMs)} ms`,
  })),
  figures: results,
})

async function measure(main: string) {
  const port = await freePort()
  const begin = performance.now()
  const isAllInOne = main.startsWith('apps')
  const child = spawn(process.execPath, [...SMALL_HEAP, join(ROOT, main)], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      MALLOC_ARENA_MAX: '2',
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
      CRONOS_CONFIG_DIR: folder,
      CRONOS_DATA: join(folder, 'data'),
      CONFIGS_SERVER_PORT: String(port),
      ...(isAllInOne ? freePorts() : {}),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const ended = exited.then(([code]) => {
    throw new Error(`${main} ended with ${code}`)
  })
  ended.catch(() => {}) // at last its end is asked for
  if (isAllInOne) await Promise.race([saysReady(child.stdout), ended])
  else await Promise.race([becomesUp(main.split('/')[1]!, port), ended])
  const readyMs = performance.now() - begin
  const cpuMs = cpuTimes({ started: [child.pid!] })['started']! / 1_000
  child.stdout.resume()
  await rest(IDLE_MS)
  const mb = residentMb([child.pid!])
  console.log(`${main} ${readyMs.toFixed(0)} ms, ${mb.toFixed(0)} MB`)
  child.kill('SIGTERM')
  await exited
  return { readyMs, cpuMs, mb }
}

async function saysReady(output: Readable): Promise<void> {
  let text = ''
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes('Cronos is ready.')) return
  }
}

async function becomesUp(name: string, port: number): Promise<void> {
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/${name}-service/health`).then(
      async response => ((await response.json()) as { status?: string }).status,
      () => undefined, // it does not listen yet
    )
    if (status === 'UP') return
    await rest(10)
  }
}

async function writeConfig(): Promise<void> {
  const server = new URL(process.env['CRONOS_TEST_POSTGRES']!)
  const database = `postgres://${server.host}/`
  const service = {
    'configs.userDb.url': database,
    'configs.jobDb.url': database,
    'configs.server.host': '127.0.0.1',
    'configs.kafka.bootstrap-servers': stage.kafka!,
    'configs.auth.policy.services.user-service.scopes': 'user.read,user.contact',
  }
  const secrets = {
    'secrets.datasource.username': decodeURIComponent(server.username),
    'secrets.datasource.password': decodeURIComponent(server.password),
    'secrets.client.id': 'executorService',
    'secrets.client.password': 'a password of the benchmark',
    'secrets.services.executorService.id': 'executorService',
    'secrets.services.executorService.password': 'a password of the benchmark',
    'secrets.jwt.secret': 'x'.repeat(64),
  }
  await writeFile(join(folder, 'service.properties'), linesOf(service))
  await writeFile(join(folder, 'secrets.properties'), linesOf(secrets))
}

function linesOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function freePorts(): NodeJS.ProcessEnv {
  const names = ['AUTH', 'USER', 'JOB', 'SCHEDULER', 'EXECUTOR', 'GATEWAY']
  return Object.fromEntries(names.map(name => [`CONFIGS_SERVER_PORTS_${name}`, '0']))
}

async function freePort(): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
