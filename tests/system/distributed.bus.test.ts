import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { UserId } from '@cronos/domain'
import { createJobs, type NewJob, type Pool, sql, tellWake } from '@cronos/store'
import { aJob, freshDatabase, missingDatabase, startTestKafka } from '@cronos/testkit'
import { aConfigFolder, type ServiceProcess, startService } from './service-process.ts'

/*
 * Schedulers and executors as processes of their own, on a PostgreSQL and a Kafka, while one or the
 * other comes and goes.
 */

const kafka = await startTestKafka()
after(() => kafka[Symbol.asyncDispose]())

const aMail = { task: 'send_email', template: 'hello', to: 'bob@example.com' }
const mails = (count: number, more: Partial<NewJob> = {}) =>
  Array.from({ length: count }, () => aJob({ payload: aMail, ...more }))

test('services start in any order, each by itself, and wait for what is missing', async () => {
  await kafka.kill()
  await using database = await missingDatabase()
  await using config = await aConfigFolder(database.address, kafka.bootstrapServers)
  await using executor = await startService('executor', config.path)
  await using scheduler = await startService('scheduler', config.path)
  assert.equal((await executor.health()).status, 'DOWN')
  assert.equal((await scheduler.health()).status, 'DOWN')
  await kafka.start()
  await executor.becomes('UP')
  await scheduler.becomes('UP')
  const db = database.pool('engine')
  await store(db, mails(1))
  await allDone(db, 1)
  assert.equal(await scheduler.end('SIGTERM'), 0)
  assert.equal(await executor.end('SIGTERM'), 0)
})

test('Kafka away under load: the services stay up and say so, and when it is back all runs are there, once', async () => {
  await using engine = await startEngine({ schedulers: 1, executors: 2 })
  const { db, services } = engine
  await store(db, mails(50))
  await allDone(db, 50)
  await kafka.kill()
  for (let n = 0; n < 10; n++) {
    await store(db, mails(10))
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  for (const service of services)
    assert.equal((await service.becomes('DOWN')).checks?.['bus'], 'DOWN')
  await kafka.start()
  for (const service of services) await service.becomes('UP')
  await allDone(db, 150)
  assert.ok(services.every(service => service.exitCode === null))
})

test('executors joining, leaving and dying under load: no run is lost, none is recorded twice', async () => {
  await using engine = await startEngine({ schedulers: 2, executors: 1 })
  const { db, start } = engine
  const total = 600
  const adding = addJobs(db, total)
  const second = await start('executor')
  const third = await start('executor')
  await second.becomes('UP')
  await third.becomes('UP')
  assert.equal(await second.end('SIGTERM'), 0)
  await third.end('SIGKILL')
  await start('executor')
  await adding
  await allDone(db, total)
})

/** Stores jobs and tells the schedulers, as the job-service does. */
async function store(db: Pool, jobs: NewJob[]): Promise<void> {
  await createJobs(db, jobs)
  await tellWake(db, 0)
}

async function startEngine(count: { schedulers: number; executors: number }) {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await freshDatabase('jobs'))
  const topic = new URL(database.address.url).pathname.slice(1)
  const config = stack.use(
    await aConfigFolder(database.address, kafka.bootstrapServers, {
      'configs.kafka.topic.job-events': topic,
      'configs.kafka.topic.dead-letters': `${topic}-dlt`,
      'configs.kafka.consumer.group-id': topic,
    }),
  )
  const start = async (name: 'scheduler' | 'executor') =>
    stack.use(await startService(name, config.path))
  const names = [
    ...Array<'scheduler'>(count.schedulers).fill('scheduler'),
    ...Array<'executor'>(count.executors).fill('executor'),
  ]
  const services: ServiceProcess[] = await Promise.all(names.map(start))
  for (const service of services) await service.becomes('UP')
  const db = database.pool('engine')
  return { db, services, start, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function addJobs(db: Pool, total: number): Promise<void> {
  for (let added = 0; added < total; added += 20) {
    await store(db, mails(20, { owner: 'alice' as UserId }))
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** Resolves when so many runs are on record as succeeded; none is on record twice, or open. */
async function allDone(db: Pool, total: number): Promise<void> {
  for (;;) {
    const { rows } = await db.query<{ done: number; jobs: number; live: number }>(sql`
      select count(*) as done, count(distinct job_id) as jobs,
             (select count(*) from runs_live) as live
        from runs_done where status = 'SUCCEEDED'`)
    const { done, jobs, live } = rows[0]!
    if (done === total && live === 0) {
      assert.equal(jobs, total)
      return
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
