/**
 * What more executors bring, and how evenly processes share the work: schedulers and executors as
 * processes of their own, over a real Kafka and a real PostgreSQL, with tasks that wait.
 *
 *     node bench/scale-out.ts [slots of an executor, 10] [seconds of work, 20] [partitions, 3]
 *
 * For one, two and three executors, with two schedulers, it stores as many `http_request` jobs as
 * the slots would do in that time, each of which waits a second for its answer. It prints how many
 * runs ended a second, what would be the most (a slot ends one a second), and who did how many.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createJobs, type Pool, sql, tellWake } from '@cronos/store'
import { aJob, freshDatabase, testKafka } from '@cronos/testkit'
import { aConfigFolder, startService } from '../tests/system/service-process.ts'

const slots = Number(process.argv[2] ?? 10)
const seconds = Number(process.argv[3] ?? 20)
const partitions = Number(process.argv[4] ?? 3)
const ANSWER_AFTER_MS = 1_000
const SCHEDULERS = 2
const EXECUTORS = [1, 2, 3]
/** Jobs of one insert. */
const BATCH = 1_000

const receiver = createServer((_, response) => {
  setTimeout(() => response.end('done'), ANSWER_AFTER_MS)
})
await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
const kafka = await testKafka()

console.log(`${slots} slots an executor, ${partitions} partitions, ${SCHEDULERS} schedulers`)
console.log(
  '| executors | runs | runs a second | at most | runs by executor | dispatches by scheduler |',
)
console.log('| --- | --- | --- | --- | --- | --- |')
for (const executors of EXECUTORS) await measure(executors)
receiver.close()

async function measure(executors: number): Promise<void> {
  await using database = await freshDatabase('jobs')
  const topic = new URL(database.address.url).pathname.slice(1)
  await using config = await aConfigFolder(database.address, kafka, {
    'configs.kafka.topic.job-events': topic,
    'configs.kafka.topic.dead-letters': `${topic}-dlt`,
    'configs.kafka.topic.partitions': String(partitions),
    'configs.kafka.consumer.group-id': topic,
    'configs.executor.slots': String(slots),
    'configs.http-task.allowed-networks': '127.0.0.0/8',
    'configs.log.level': 'debug', // says how much a scheduler dispatched
  })
  const dispatches = Array<number>(SCHEDULERS).fill(0)
  await using stack = new AsyncDisposableStack()
  const services = await Promise.all([
    ...Array.from({ length: executors }, () => startService('executor', config.path)),
    ...dispatches.map((_, index) =>
      startService('scheduler', config.path, {
        hear({ msg, runs }) {
          if (msg === 'dispatched') dispatches[index]! += Number(runs)
        },
      }),
    ),
  ])
  for (const service of services) stack.use(service)
  for (const service of services) await service.becomes('UP')

  const db = database.pool('general')
  const runs = executors * slots * seconds
  for (let stored = 0; stored < runs; stored += BATCH)
    await createJobs(db, jobs(Math.min(BATCH, runs - stored)))
  await tellWake(db, 0)
  await allDone(db, runs)
  await show(db, executors, dispatches)
}

function jobs(count: number) {
  return Array.from({ length: count }, () => aJob({ payload: { task: 'http_request', url } }))
}

async function allDone(db: Pool, runs: number): Promise<void> {
  for (;;) {
    const { rows } = await db.query<{ done: number }>(
      sql`select count(*) as done from runs_done where status = 'SUCCEEDED'`,
    )
    if (rows[0]!.done === runs) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

async function show(db: Pool, executors: number, dispatches: readonly number[]): Promise<void> {
  const { rows } = await db.query<{ count: number; from: number; to: number }>(sql`
    select count(*) as count,
           min(extract(epoch from started_at))::float8 as from,
           max(extract(epoch from finished_at))::float8 as to
      from runs_done group by executor order by count(*) desc`)
  const counts = rows.map(row => row.count)
  const runs = counts.reduce((sum, count) => sum + count, 0)
  const took = Math.max(...rows.map(row => row.to)) - Math.min(...rows.map(row => row.from))
  const most = (executors * slots * 1_000) / ANSWER_AFTER_MS
  const shares = `${counts.join(', ')} | ${dispatches.join(', ')}`
  console.log(`| ${executors} | ${runs} | ${(runs / took).toFixed(1)} | ${most} | ${shares} |`)
}
