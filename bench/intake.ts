/**
 * How many jobs a second are taken in: over HTTP one at a time, and in bulk beside River.
 *
 *     node bench/intake.ts [jobs over HTTP, 10000] [connections, 16] [jobs in bulk, 50000] [rounds, 3]
 *
 * The all-in-one process serves HTTP, as `npm start` runs it; the load comes from this process, on the
 * same machine. Bulk is the store's own insert of 1,000 jobs a statement, without HTTP.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJobs } from '@cronos/store'
import { aJob, freshDatabase } from '@cronos/testkit'
import { residentMb } from './measure/cpu.ts'
import { postRepeatedly } from './measure/http-load.ts'
import { startMeter } from './measure/meter.ts'
import { publish, type Row } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, quantile, shown, spread } from './measure/statistics.ts'
import { outputOf } from './measure/worker-process.ts'
import { buildRiver, emptyDatabase } from './peers.ts'

const jobs = Number(process.argv[2] ?? 10_000)
const connections = Number(process.argv[3] ?? 16)
const bulk = Number(process.argv[4] ?? 50_000)
const rounds = Number(process.argv[5] ?? 3)
/** Jobs of one insert, Cronos' and River's. */
const AT_ONCE = 1_000

/** This process with all that it started: PostgreSQL is among them, and what has ended too. */
const everything = { everything: [process.pid] }

interface Round {
  readonly perSecond: number
  /** CPU time a job in microseconds, all processes together; the load's too. */
  readonly cpuUs: number
  readonly others: number
}

await using stage = await openStage({ withKafka: false })
const river = await buildRiver()
const single = await measureHttp()
const cronosBulk: Round[] = []
const riverBulk: Round[] = []
for (let round = 1; round <= rounds; round++) {
  if (bulk > 0) cronosBulk.push(await measureBulk())
  if (bulk > 0 && river !== null) riverBulk.push(await measureRiver(river))
}

publish({
  name: 'intake',
  what: `${shown(jobs)} jobs over ${connections} connections; ${shown(bulk)} in bulk; ${rounds} rounds`,
  rows: [
    { way: 'HTTP, one at a time', measured: single.rounds },
    { way: 'bulk: Cronos, the statement', measured: cronosBulk },
    { way: 'bulk: River', measured: riverBulk },
  ].map(({ way, measured }) => rowOf(way, measured)),
  figures: { single, cronosBulk, riverBulk },
})
console.log(
  `HTTP: p50 ${shown(single.p50, 1)} ms, p99 ${shown(single.p99, 1)} ms; of its CPU the services ` +
    `${shown(single.servicesUs)} µs a job, PostgreSQL ${shown(single.postgresUs)} µs; ` +
    `the services then hold ${shown(single.mb)} MB`,
)

function rowOf(way: string, measured: readonly Round[]): Row {
  const rates = measured.map(each => each.perSecond)
  return {
    way,
    'jobs/s, median': shown(median(rates)),
    spread: rates.length > 0 ? spread(rates) : '',
    'CPU µs a job': shown(median(measured.map(each => each.cpuUs))),
    'others had': `${shown(median(measured.map(each => each.others)) * 100)} %`,
  }
}

async function measureBulk(): Promise<Round> {
  await using database = await freshDatabase('jobs')
  const db = database.pool('engine')
  const batches = Array.from({ length: Math.ceil(bulk / AT_ONCE) }, (_, batch) =>
    Array.from({ length: Math.min(AT_ONCE, bulk - batch * AT_ONCE) }, (_, n) =>
      aJob({ payload: { task: 'noop', n: batch * AT_ONCE + n }, trigger: { kind: 'immediate' } }),
    ),
  )
  const read = startMeter(everything)
  for (const batch of batches) await createJobs(db, batch)
  const { ms, cpuUs, others } = read()
  return { perSecond: (bulk * 1_000) / ms, cpuUs: cpuUs['everything']! / bulk, others }
}

async function measureRiver(program: string): Promise<Round> {
  await using database = await emptyDatabase()
  const read = startMeter(everything)
  const perSecond = Number(await outputOf(program, ['insert', database.peerUrl, String(bulk)]))
  const { cpuUs, others } = read()
  return { perSecond, cpuUs: cpuUs['everything']! / bulk, others }
}

async function measureHttp() {
  await using cronos = await startAllInOne()
  const { origin, pid } = cronos
  const name = `bench-${process.pid}`
  const password = 'correct-horse-7'
  const email = `${name}@example.com`
  await post(`${origin}/user-service/api/v1/user/signup`, { username: name, password, email })
  const signedIn = await post(`${origin}/auth-service/api/v1/auth/signin`, {
    ...{ username: name, password },
  })
  const runAt = new Date(Date.now() + 86_400_000).toISOString()
  const job = { jobType: 'ONE_TIME', executionMode: 'SCHEDULED', runAt, payload: { task: 'noop' } }
  const load = (requests: number) =>
    postRepeatedly({
      ...{ origin, connections, requests, path: '/job-service/api/v1/jobs' },
      headers: { authorization: `Bearer ${signedIn['token']}` },
      body: JSON.stringify(job),
    })
  await load(Math.ceil(jobs / 4)) // warm
  const measured: (Round & { servicesUs: number; postgresUs: number })[] = []
  const tookMs: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const read = startMeter({ services: [pid], postgres: stage.parts['postgres']! })
    const own = process.cpuUsage()
    tookMs.push(...(await load(jobs)))
    const { user, system } = process.cpuUsage(own)
    const { ms, cpuUs, others } = read()
    const [services, postgres] = [cpuUs['services']! / jobs, cpuUs['postgres']! / jobs]
    const loadUs = (user + system) / jobs
    measured.push({
      perSecond: (jobs * 1_000) / ms,
      cpuUs: services + postgres + loadUs,
      others: Math.max(0, others - (user + system) / (ms * 1_000 * navigator.hardwareConcurrency)),
      ...{ servicesUs: services, postgresUs: postgres },
    })
  }
  return {
    rounds: measured,
    servicesUs: median(measured.map(each => each.servicesUs)),
    postgresUs: median(measured.map(each => each.postgresUs)),
    p50: quantile(tookMs, 0.5),
    p99: quantile(tookMs, 0.99),
    mb: residentMb([pid]),
  }
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
}

/** The all-in-one process as `npm start` runs it, on the stage's PostgreSQL. */
async function startAllInOne() {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-bench-'))
  const main = join(import.meta.dirname, '../apps/cronos/src/main.ts')
  const ports = ['AUTH', 'USER', 'JOB', 'SCHEDULER', 'EXECUTOR', 'GATEWAY']
  const child = spawn(process.execPath, ['--max-semi-space-size=4', main], {
    cwd: folder,
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: '2',
      ...Object.fromEntries(ports.map(port => [`CONFIGS_SERVER_PORTS_${port}`, '0'])),
      ...{ CRONOS_DATA: join(folder, 'data'), CRONOS_CONFIG_DIR: folder },
      ...databaseOf(new URL(process.env['CRONOS_TEST_POSTGRES']!)),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const origin = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      output += chunk
      const found = /all on one origin +(http:\/\/[^/\s]+)/.exec(output)?.[1]
      if (found !== undefined) resolve(found)
    })
    exited.then(([code]) => reject(new Error(`Cronos ended with ${code}`)))
  })
  return {
    origin,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function databaseOf(server: URL): NodeJS.ProcessEnv {
  const url = `postgres://${server.host}/`
  return {
    CONFIGS_USERDB_URL: url,
    CONFIGS_JOBDB_URL: url,
    SECRETS_DATASOURCE_USERNAME: decodeURIComponent(server.username),
    SECRETS_DATASOURCE_PASSWORD: decodeURIComponent(server.password),
  }
}
