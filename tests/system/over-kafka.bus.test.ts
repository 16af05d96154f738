import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { openKafkaBus } from '@cronos/bus'
import { testKafka } from '@cronos/testkit'
import { pino } from 'pino'
import { anImmediateMail, ask, type Body, eventually, jobsUrl, signIn, signUp } from './api.ts'
import { aHome } from './cronos-process.ts'

/*
 * All of Cronos in one process, over a Kafka that somebody else runs.
 */

const bootstrapServers = await testKafka()
const topic = `all-in-one-${randomBytes(6).toString('hex')}`
const env = {
  CONFIGS_KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
  CONFIGS_KAFKA_TOPIC_JOB_EVENTS: topic,
  CONFIGS_KAFKA_TOPIC_DEAD_LETTERS: `${topic}-dlt`,
  CONFIGS_KAFKA_CONSUMER_GROUP_ID: topic,
}
const home = await aHome()
after(() => home[Symbol.asyncDispose]())

/** The jobs that the topic tells a reader of, who is in no group of Cronos. */
async function jobsOnTopic(count: number): Promise<string[]> {
  await using bus = await openKafkaBus({
    ...{ bootstrapServers: [bootstrapServers], clientId: 'reader', log: pino({ level: 'silent' }) },
    topics: { events: topic, deadLetters: `${topic}-dlt`, partitions: 3, replicas: -1 },
    producer: {
      ...{ acks: 'all', idempotent: true, retries: 3, retryBackoffMs: 100 },
      deliveryTimeoutMs: 4_000,
    },
    consumer: {
      ...{ groupId: `${topic}-reader`, autoOffsetReset: 'earliest', autoCommit: false },
      ...{ maxPollRecords: 100, sessionTimeoutMs: 6_000, maxPollIntervalMs: 30_000 },
    },
  })
  const jobs = new Set<string>()
  const seen = Promise.withResolvers<void>()
  await using _ = await bus.subscribe(
    deliveries => {
      for (const { event } of deliveries) jobs.add(event.jobId)
      if (jobs.size >= count) seen.resolve()
    },
    { maxUnsettled: 100 },
  )
  await seen.promise
  return [...jobs]
}

test('with brokers configured all in one process runs over Kafka, and a second start goes on', async () => {
  const first = await home.start(env)
  await signUp(first)
  const { jobId: mail } = await ask(jobsUrl(first), await signIn(first), anImmediateMail)
  const isCompleted = (jobs: Body[]) => jobs.every(job => job.status === 'COMPLETED')
  const token = await signIn(first)
  await eventually(() => ask(jobsUrl(first), token), isCompleted)
  assert.deepEqual(await first.end('SIGTERM'), { code: 0, errors: [] })

  const second = await home.start(env)
  const { jobId: next } = await ask(jobsUrl(second), token, anImmediateMail)
  await eventually(() => ask(jobsUrl(second), token), isCompleted)
  assert.deepEqual((await jobsOnTopic(2)).toSorted(), [mail, next].toSorted())
})
