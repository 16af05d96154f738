/**
 * What the Kafka bus costs an event, in CPU time of whoever publishes and of whoever is delivered to:
 *
 *     node bench/bus.ts [events a round, 50000] [rounds, 5] [single events for latency, 300]
 *
 * Publisher and subscriber are processes of their own, as scheduler and executor are. Events are
 * published in awaited chunks of 250 and settled as soon as they are delivered. Afterwards single events
 * go to the idle subscriber, some milliseconds apart: measured is from the call of publish to the
 * delivery, by the machine's one monotonic clock.
 *
 * With CRONOS_BENCH_PROFILE=<folder> both processes write a CPU profile there.
 */
import { createInterface } from 'node:readline'
import { setTimeout as rest } from 'node:timers/promises'
import { openKafkaBus } from '@cronos/bus'
import { type Fence, type Instant, type JobEvent, jobIdOf } from '@cronos/domain'
import { startTestKafka } from '@cronos/testkit'
import { publish } from './measure/report.ts'
import { median, quantile, shown, spread } from './measure/statistics.ts'
import { startWorker } from './measure/worker-process.ts'

/** As the scheduler publishes. */
const CHUNK = 250
/** As the executor subscribes, and as both are configured by default. */
const MAX_UNSETTLED = 2_000
const MAX_POLL_RECORDS = 10
const BEGUN_AT = Date.now()

const [, program, first] = process.argv
if (first === 'publisher' || first === 'subscriber') await work(first)
else await measure()

interface Round {
  readonly seconds: number
  readonly cpuUs: Readonly<Record<'publisher' | 'subscriber', number>>
}

async function measure(): Promise<void> {
  const [events = 50_000, rounds = 5, singles = 300] = process.argv.slice(2).map(Number)
  await using kafka = await startTestKafka()
  const args = [String(events), String(rounds), String(singles), kafka.bootstrapServers]
  const folder = process.env['CRONOS_BENCH_PROFILE']
  const start = (role: string) =>
    startWorker(process.execPath, [
      ...(folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}/${role}`]),
      ...[program!, role, ...args],
    ])
  await using subscriber = await start('subscriber')
  await using publisher = await start('publisher')
  const results: Round[] = []
  for (let round = 0; round < rounds; round++) {
    const from = performance.now()
    publisher.say(`round ${round}`)
    subscriber.say(`round ${round}`)
    const said = [publisher, subscriber].map(each => each.hears(`round-${round}`))
    const [published, delivered] = (await Promise.all(said)).map(Number)
    const seconds = (performance.now() - from) / 1_000
    results.push({
      seconds,
      cpuUs: { publisher: published! / events, subscriber: delivered! / events },
    })
    console.log(
      `${round + 1} ${shown(events / seconds)} events/s; CPU µs an event: ` +
        `publisher ${shown(published! / events, 1)}, subscriber ${shown(delivered! / events, 1)}`,
    )
  }
  publisher.say('singles')
  const latencies = await latenciesOf(publisher, subscriber)
  // The first round is that of processes which are still warming up.
  const warm = results.slice(1)
  const cpu = (role: 'publisher' | 'subscriber') => warm.map(each => each.cpuUs[role])
  const rates = warm.map(each => events / each.seconds)
  publish({
    name: 'bus',
    what:
      `${shown(events)} events a round in awaited chunks of ${CHUNK}, ${rounds} rounds, the first not ` +
      `counted; then ${singles} single events`,
    rows: [
      {
        'events/s, median': shown(median(rates)),
        spread: spread(rates),
        'publisher, CPU µs an event': `${shown(median(cpu('publisher')), 1)} (${spread(cpu('publisher'), 1)})`,
        'subscriber, CPU µs an event': `${shown(median(cpu('subscriber')), 1)} (${spread(cpu('subscriber'), 1)})`,
        'single event, p50': `${shown(quantile(latencies, 0.5), 2)} ms`,
        p99: `${shown(quantile(latencies, 0.99), 2)} ms`,
        max: `${shown(Math.max(...latencies), 2)} ms`,
        'the very first': `${shown(latencies[0]!, 2)} ms`,
      },
    ],
    figures: { events, rounds: results, latencies },
  })
}

async function latenciesOf(
  publisher: Awaited<ReturnType<typeof startWorker>>,
  subscriber: Awaited<ReturnType<typeof startWorker>>,
): Promise<number[]> {
  const sent: number[] = JSON.parse(await publisher.hears('sent'))
  const came: number[] = JSON.parse(await subscriber.hears('came'))
  return sent.map((at, index) => came[index]! - at)
}

async function work(role: 'publisher' | 'subscriber'): Promise<void> {
  const [events, rounds, singles] = process.argv.slice(3, 6).map(Number)
  const deliveryTimeoutMs = 30_000
  await using bus = await openKafkaBus({
    ...{ clientId: `bench-${role}`, bootstrapServers: [process.argv[6]!] },
    topics: { events: 'job-events', deadLetters: 'job-events-dlt', partitions: 3, replicas: -1 },
    producer: {
      ...{ acks: 'all', idempotent: true, retries: 3, retryBackoffMs: 1_000, deliveryTimeoutMs },
    },
    consumer: {
      ...{ groupId: 'job-consumers', autoOffsetReset: 'earliest', autoCommit: false },
      ...{ maxPollRecords: MAX_POLL_RECORDS, sessionTimeoutMs: 30_000, maxPollIntervalMs: 300_000 },
    },
    log: { debug: () => {}, info: () => {}, warn: console.error, error: console.error },
  })
  const lines = createInterface({ input: process.stdin })
  const closed = new Promise<void>(resolve => lines.once('close', () => resolve()))
  if (role === 'publisher') await beginPublishing(events!, singles!)
  else await beginSubscribing(events!, rounds!, singles!)
  await closed

  async function beginPublishing(events: number, singles: number): Promise<void> {
    await bus.check()
    lines.on('line', async line => {
      const [word, round] = line.split(' ')
      if (word === 'singles') return publishSingles(singles)
      const all = Array.from({ length: events }, (_, n) => eventOf(Number(round) * events + n))
      const before = process.cpuUsage()
      for (let at = 0; at < events; at += CHUNK) await bus.publish(all.slice(at, at + CHUNK))
      console.log(`round-${round} ${sum(process.cpuUsage(before))}`)
    })
    console.log('ready')
  }

  async function publishSingles(singles: number): Promise<void> {
    const sent: number[] = []
    for (let n = 0; n < singles; n++) {
      await rest(5 + Math.random() * 20)
      sent.push(clockMs())
      await bus.publish([eventOf(n)])
    }
    await rest(200)
    console.log(`sent ${JSON.stringify(sent)}`)
  }

  async function beginSubscribing(events: number, rounds: number, singles: number): Promise<void> {
    let delivered = 0
    let before = process.cpuUsage()
    const came: number[] = []
    lines.on('line', () => {
      before = process.cpuUsage()
    })
    await using stack = new AsyncDisposableStack()
    stack.use(
      await bus.subscribe(
        deliveries => {
          delivered += deliveries.length
          if (delivered > events * rounds) came.push(clockMs())
          setImmediate(() => {
            for (const delivery of deliveries) delivery.settle()
          })
          if (delivered > events * rounds) {
            if (came.length === singles) console.log(`came ${JSON.stringify(came)}`)
          } else if (delivered % events === 0) {
            console.log(`round-${delivered / events - 1} ${sum(process.cpuUsage(before))}`)
          }
        },
        { maxUnsettled: MAX_UNSETTLED },
      ),
    )
    while (!(await isWorking())) await rest(20)
    console.log('ready')
    await closed
  }

  async function isWorking(): Promise<boolean> {
    return bus.check().then(
      () => true,
      () => false,
    )
  }
}

function eventOf(n: number): JobEvent {
  const uuid = `01932b5c-4d5e-7f60-8a1b-${n.toString(16).padStart(12, '0')}`
  const scheduledAt = (1_795_000_000_000 + n) as Instant
  // Those of a claim are published at once, and the next claim's some milliseconds later.
  const publishedAt = (BEGUN_AT + Math.floor(n / 2_000) * 20) as Instant
  return { jobId: jobIdOf(uuid), scheduledAt, attempt: 1, fence: 1 as Fence, publishedAt }
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}

function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
