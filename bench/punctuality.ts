/**
 * How late jobs start that are scheduled 50 a second at random milliseconds, over both buses:
 *
 *     node bench/punctuality.ts [seconds, 20] [jobs a second, 50]
 *
 * By the database's clock: from the instant that a job is due to the start on record.
 */
import { instant } from '@cronos/domain'
import { readNow } from '@cronos/store'
import { atInstant } from '@cronos/testkit'
import { type CronosBus, fill, readLateness, startCronos, untilRecorded } from './cronos.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { shown } from './measure/statistics.ts'

const seconds = Number(process.argv[2] ?? 20)
const perSecond = Number(process.argv[3] ?? 50)
const jobs = seconds * perSecond
/** Until the first is due everything is there and has warmed up a little. */
const HEAD_START_MS = 3_000

await using stage = await openStage({ withKafka: true })
const results = []
for (const bus of ['embedded', 'kafka'] as const) results.push(await measure(bus))

publish({
  name: 'punctuality',
  what: `${shown(jobs)} jobs, ${perSecond} a second at random milliseconds: lateness of their starts`,
  rows: results.map(({ bus, p50, p99, max }) => ({
    bus,
    'p50 (goal 3 ms)': `${shown(p50, 1)} ms`,
    'p99 (goal 15 ms)': `${shown(p99, 1)} ms`,
    'max (goal 50 ms)': `${shown(max, 1)} ms`,
  })),
  figures: results,
})

async function measure(bus: CronosBus) {
  await using cronos = await startCronos(bus, stage, jobs, () => Promise.resolve())
  cronos.go()
  const from = (await readNow(cronos.db)) + HEAD_START_MS
  await fill(cronos.db, jobs, () =>
    atInstant(instant(from + Math.floor(Math.random() * seconds * 1_000))),
  )
  await untilRecorded(cronos.db, jobs)
  return { bus, ...(await readLateness(cronos.db)) }
}
