/**
 * How many jobs a second are taken in: over HTTP one at a time, and in bulk beside River.
 *
 *     node bench/intake.ts [jobs over HTTP, 10000] [connections, 16] [jobs in bulk, 50000] [rounds, 3]
 *
 * The all-in-one process serves HTTP; the load comes from this process, on the same machine. Bulk is
 * the store's own insert of 1,000 jobs a statement, without HTTP.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freshDatabase } from '@cronos/testkit'
import { fill } from './cronos.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, quantile, shown, spread } from './measure/statistics.ts'
import { outputOf } from './measure/worker-process.ts'
import { buildRiver, emptyDatabase } from './peers.ts'

const jobs = Number(process.argv[2] ?? 10_000)
const connections = Number(process.argv[3] ?? 16)
const bulk = Number(process.argv[4] ?? 50_000)
const rounds = Number(process.argv[5] ?? 3)

await using _stage = await openStage({ withKafka: false })
const river = await buildRiver()
const single = await measureHttp()
const cronosBulk: number[] = []
const riverBulk: number[] = []
for (let round = 1; round <= rounds; round++) {
  cronosBulk.push(await measureBulk())
  if (river !== null) riverBulk.push(await measureRiver(river))
}

publish({
  name: 'intake',
  what: `${shown(jobs)} jobs over ${connections} connections; ${shown(bulk)} in bulk, ${rounds} interleaved rounds`,
  rows: [
    {
      way: 'HTTP, one at a time',
      'jobs/s': shown(single.perSecond),
      spread: '',
      more: `p50 ${shown(single.p50, 1)} ms, p99 ${shown(single.p99, 1)} ms`,
    },
    ...[
      { way: 'bulk: Cronos, the statement', rates: cronosBulk },
      { way: 'bulk: River', rates: riverBulk },
    ].map(({ way, rates }) => ({
      way,
      'jobs/s': shown(median(rates)),
      spread: rates.length > 0 ? spread(rates) : '',
      more: '',
    })),
  ],
  figures: { single, cronosBulk, riverBulk },
})

async function measureBulk(): Promise<number> {
  await using database = await freshDatabase('jobs')
  const db = database.pool('engine')
  const begin = performance.now()
  await fill(db, bulk)
  return (bulk * 1_000) / (performance.now() - begin)
}

async function measureRiver(program: string): Promise<number> {
  await using database = await emptyDatabase()
  return Number(await outputOf(program, ['insert', database.peerUrl, String(bulk)]))
}

async function measureHttp() {
  await using cronos = await startAllInOne()
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const name = `bench-${process.pid}`
  const password = 'correct-horse-7'
  const call = (path: string, body: object, token?: string) =>
    post(agent, `${cronos.origin}${path}`, JSON.stringify(body), token)
  const email = `${name}@example.com`
  await call('/user-service/api/v1/user/signup', { username: name, password, email })
  const answer = await call('/auth-service/api/v1/auth/signin', { username: name, password })
  const { token } = JSON.parse(answer) as { token: string }
  const runAt = new Date(Date.now() + 86_400_000).toISOString()
  const body = { jobType: 'ONE_TIME', executionMode: 'SCHEDULED', runAt, payload: { task: 'noop' } }

  const create = () => call('/job-service/api/v1/jobs', body, token)
  await spreadOver(Math.ceil(jobs / 10), create) // warm
  const tookMs: number[] = []
  const begin = performance.now()
  await spreadOver(jobs, async () => {
    const from = performance.now()
    await create()
    tookMs.push(performance.now() - from)
  })
  const perSecond = (jobs * 1_000) / (performance.now() - begin)
  agent.destroy()
  return { perSecond, p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99) }
}

async function spreadOver(count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count
  const worker = async () => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: connections }, worker))
}

function post(agent: Agent, url: string, body: string, token?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const sent = request(url, { agent, method: 'POST', headers }, async response => {
      const text = (await Array.fromAsync(response.setEncoding('utf8'))).join('')
      if (response.statusCode !== undefined && response.statusCode < 300) resolve(text)
      else reject(new Error(`${url} answered ${response.statusCode}: ${text}`))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The all-in-one process as `npm start` runs it, on the stage's PostgreSQL. */
async function startAllInOne() {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-bench-'))
  const main = join(import.meta.dirname, '../apps/cronos/src/main.ts')
  const ports = ['AUTH', 'USER', 'JOB', 'SCHEDULER', 'EXECUTOR', 'GATEWAY']
  const child = spawn(process.execPath, [main], {
    cwd: folder,
    env: {
      ...process.env,
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
