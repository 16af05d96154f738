import { createInterface } from 'node:readline'
import { openEmbeddedBus, openKafkaBus } from '@cronos/bus'
import {
  defineTask,
  executorConfig,
  executorServiceConfig,
  registryOf,
  startExecutor,
  type TaskTools,
} from '@cronos/executor-service'
import { checkKafka, databaseAddress, loadConfig, openLog, readSources } from '@cronos/runtime'
import { schedulerConfig, startScheduler } from '@cronos/scheduler-service'
import { openPool, openWakeTeller, sql } from '@cronos/store'
import { Type } from 'typebox'

/*
 * Cronos as its services are started, by the same declarations and defaults, but with a task that
 * does nothing: `node bench/cronos-process.ts <scheduler|executor|both> <jobs>`. It says `ready`,
 * begins when it hears `go`, and says `ran` when so many jobs have run.
 */

const ID = `bench-${process.pid}`
const role = process.argv[2]
const jobs = Number(process.argv[3])
const isExecutor = role !== 'scheduler'
const isScheduler = role !== 'executor'

const config = loadConfig(
  { ...executorServiceConfig, scheduler: schedulerConfig.scheduler },
  readSources(process.env),
)
const log = openLog('bench', 'warn')
const address = databaseAddress(config.jobDb)
await using db = openPool({ ...address, name: 'bench', max: isScheduler ? 10 : 5, plans: 'engine' })
await using news = openPool({ ...address, name: 'bench news', max: 1, plans: 'engine' })
await using teller = openWakeTeller(news, {
  horizonMs: 30_000,
  onError: error => log.warn({ err: error }, 'schedulers were not told of a run'),
})
await using bus =
  role === 'both'
    ? openEmbeddedBus()
    : await openKafkaBus({ ...checkKafka(config.kafka), clientId: `${role}-${ID}`, log })
await using stack = new AsyncDisposableStack()

if (isExecutor) {
  let ran = 0
  const noop = defineTask({
    name: 'noop',
    payload: Type.Object({ task: Type.String(), n: Type.Integer() }),
    run: () => {
      ran++
      if (ran === 1) console.log('first')
      if (ran === jobs) console.log('ran')
      return Promise.resolve(undefined)
    },
  })
  stack.use(
    await startExecutor(
      {
        ...{ id: ID, db, address, bus, log, registry: registryOf([noop]) },
        ...{ tools: {} as TaskTools, tellWake: teller.tell },
      },
      executorConfig(config.executor),
    ),
  )
}
await untilItWorks()
await db.query(sql`select`)
console.log('ready')

const lines = createInterface({ input: process.stdin })
lines.on('line', line => {
  if (line !== 'go' || !isScheduler) return
  const onlyExecutor = role === 'both' ? ID : null
  stack.use(startScheduler({ db, bus, log, onlyExecutor }, config.scheduler))
})
await new Promise(resolve => lines.once('close', resolve))

/** The group is joined and the topics are there. */
async function untilItWorks(): Promise<void> {
  for (;;) {
    const isWorking = await bus.check().then(
      () => true,
      () => false,
    )
    if (isWorking) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
