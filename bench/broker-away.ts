/**
 * How soon everything is caught up after Kafka was away under load: a job-service, two schedulers and
 * three executors as processes of their own, at the settings they have by default.
 *
 *     node bench/broker-away.ts [seconds away, 60] [jobs a second, 50] [rounds, 1]
 *
 * Jobs are asked for over HTTP all the while. The broker is killed with -9, and started again on what
 * it has stored. Each round prints what followed, counted from the moment at which the broker says
 * that it has started: when a client that did nothing but try had published something, when the first
 * run was recorded, when all services were UP again, and when no job waited any longer that was due
 * more than half a second ago.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as rest } from 'node:timers/promises'
import { instant } from '@cronos/domain'
import { sql } from '@cronos/store'
import { aJob, freshDatabase, startTestKafka } from '@cronos/testkit'
import { kafkaBusOf } from '../tests/engine/kafka-bus.ts'
import { ask } from '../tests/faults/client.ts'
import { JWT_SECRET } from '../tests/faults/cluster.ts'
import {
  aConfigFolder,
  type ServiceProcess,
  startService,
} from '../tests/system/service-process.ts'
import { cpuTimes } from './measure/cpu.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { shown } from './measure/statistics.ts'

const awayS = Number(process.argv[2] ?? 60)
const perSecond = Number(process.argv[3] ?? 50)
const rounds = Number(process.argv[4] ?? 1)
/** Before and after the broker is away. */
const CALM_S = 10
/** A job that is due for less is not waited for. */
const PUNCTUAL_MS = 500
const LOOK_MS = 100

/** How often each run was executed, by its idempotency key. */
const executions = new Map<string, number>()
const receiver = createServer((request, response) => {
  const run = String(request.headers['idempotency-key'])
  executions.set(run, (executions.get(run) ?? 0) + 1)
  response.end('done')
})
await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`

await using stage = await openStage({ withKafka: false })
await using kafka = await startTestKafka()
const openProbe = await kafkaBusOf(kafka.bootstrapServers)
await using database = await freshDatabase('jobs')
await using config = await aConfigFolder(database.address, kafka.bootstrapServers, {
  'secrets.jwt.secret': JWT_SECRET,
  'configs.http-task.allowed-networks': '127.0.0.0/8',
})
const db = database.pool('general')
await using stack = new AsyncDisposableStack()
const env = { SECRETS_JWT_SECRET: JWT_SECRET }
const kinds = ['job', 'scheduler', 'scheduler', 'executor', 'executor', 'executor'] as const
const services: ServiceProcess[] = []
for (const kind of kinds) services.push(stack.use(await startService(kind, config.path, { env })))
for (const service of services) await service.becomes('UP')
const parts = {
  services: services.map(service => service.pid),
  ...stage.parts,
}

await untilPublished()

const results = []
for (let round = 0; round < rounds; round++) results.push(await measure())

receiver.close()
publish({
  name: 'broker-away',
  what: `Kafka away for ${awayS} s under ${perSecond} jobs a second; seconds from its return`,
  rows: results.map(each => ({
    acknowledged: shown(each.acknowledged),
    'recorded once': shown(each.recorded),
    'lost or twice': shown(each.odd),
    'executed again': shown(each.repeats),
    'waited at its return': shown(each.waiting),
    'broker usable': `${shown(each.usableS, 1)} s`,
    'first record': `${shown(each.firstRecordS, 1)} s`,
    'all services UP': `${shown(each.upS, 1)} s`,
    'caught up': `${shown(each.caughtUpS, 1)} s`,
  })),
  figures: results,
})

async function measure() {
  const before = await counts()
  const jobsBefore = await countJobs()
  executions.clear()
  const load = startLoad()
  await rest(CALM_S * 1_000)
  await kafka.kill()
  const down: number[] = []
  for (const started = performance.now(); performance.now() - started < awayS * 1_000; ) {
    const { length } = (await statuses()).filter(status => status === 'DOWN')
    down.push(length)
    await rest(1_000)
  }
  console.log(`services DOWN, each second: ${down.join(' ')}`)
  await kafka.start()
  const cpuBefore = cpuTimes(parts)
  const startedAt = performance.now()
  const seconds = () => (performance.now() - startedAt) / 1_000
  const atReturn = await counts()
  const publishing = untilPublished().then(seconds)
  const up = Promise.all(services.map(service => service.becomes('UP'))).then(seconds)
  let firstRecordS = Number.NaN
  let caughtUpS = Number.NaN
  let said = 0
  while (Number.isNaN(caughtUpS)) {
    const now = await counts()
    if (Number.isNaN(firstRecordS) && now.done > atReturn.done) firstRecordS = seconds()
    if (now.waiting === 0) caughtUpS = seconds()
    if (seconds() >= said) {
      console.log(`${seconds().toFixed(1)} s: ${JSON.stringify(now)}`)
      said += 0.5
    }
    await rest(LOOK_MS)
  }
  const cpuAfter = cpuTimes(parts)
  const upS = await up
  const usableS = await publishing
  await rest(CALM_S * 1_000)
  const acknowledged = await load.stop()
  while ((await counts()).live > 0) await rest(LOOK_MS)
  const after = await counts()
  const jobs = (await countJobs()) - jobsBefore
  const recorded = after.done - before.done
  const odd = Math.abs(acknowledged - jobs) + (recorded - jobs)
  const repeats = executions.values().reduce((sum, each) => sum + each - 1, 0)
  if (services.some(service => service.exitCode !== null)) throw new Error('a service has ended')
  const cpuS = Object.fromEntries(
    Object.keys(parts).map(part => [part, (cpuAfter[part]! - cpuBefore[part]!) / 1e6]),
  )
  console.log(`seconds of CPU until all was caught up: ${JSON.stringify(cpuS)}`)
  const times = { usableS, firstRecordS, upS, caughtUpS, cpuS }
  return { acknowledged, recorded, odd, repeats, waiting: atReturn.waiting, ...times }
}

/** Resolves when a client has published an event, on a topic of its own. */
async function untilPublished(): Promise<void> {
  await using bus = await openProbe()
  const event = { jobId: aJob().jobId, scheduledAt: instant(0), attempt: 1, fence: null }
  for (;;) {
    const isPublished = await bus.publish([event]).then(
      () => true,
      () => false,
    )
    if (isPublished) return
    await rest(LOOK_MS)
  }
}

async function statuses(): Promise<string[]> {
  return Promise.all(services.map(async service => (await service.health()).status))
}

interface Counts {
  readonly done: number
  readonly live: number
  readonly dispatched: number
  readonly running: number
  readonly waiting: number
}

async function counts(): Promise<Counts> {
  const { rows } = await db.query<Counts>(sql`
    select (select count(*) from runs_done where status = 'SUCCEEDED')::int as done,
           (select count(*) from runs_live)::int as live,
           (select count(*) from runs_live where status = 'DISPATCHED')::int as dispatched,
           (select count(*) from runs_live where status = 'RUNNING')::int as running,
           (select count(*) from runs_live
             where due_at < now() - interval '1 millisecond' * ${PUNCTUAL_MS}::float8)::int as waiting`)
  return rows[0]!
}

async function countJobs(): Promise<number> {
  const { rows } = await db.query<{ jobs: number }>(
    sql`select count(distinct job_id)::int as jobs from runs_done`,
  )
  return rows[0]!.jobs
}

/** Asks for jobs, so many a second; `stop` answers how many were acknowledged. */
function startLoad() {
  const origin = services[0]!.origin
  const body = {
    jobType: 'ONE_TIME',
    executionMode: 'IMMEDIATE',
    payload: { task: 'http_request', url },
  }
  const startedAt = performance.now()
  const pending = new Set<Promise<void>>()
  let asked = 0
  let acknowledged = 0
  const timer = setInterval(() => {
    for (const due = ((performance.now() - startedAt) / 1_000) * perSecond; asked < due; asked++) {
      const asking = ask(origin, 'alice', '/jobs', body).then(({ status }) => {
        if (status === 201) acknowledged++
      })
      pending.add(asking)
      asking.finally(() => pending.delete(asking))
    }
  }, 10)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      return acknowledged
    },
  }
}
