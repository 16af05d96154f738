/**
 * Whether many recurring jobs fire on time and each fire once, over both buses:
 *
 *     node bench/recurring.ts [seconds, 40] [jobs, … (1000 10000)]
 *
 * Each job fires every 10 s, by a cron expression whose second is drawn: the second is the finest
 * grain of cron, so a tenth of all jobs is due at each full second.
 */
import { setTimeout as rest } from 'node:timers/promises'
import { instant } from '@cronos/domain'
import { readNow, sql } from '@cronos/store'
import { byCron } from '@cronos/testkit'
import { type CronosBus, fill, readLateness, startCronos } from './cronos.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { shown } from './measure/statistics.ts'

const seconds = Number(process.argv[2] ?? 40)
const sizes = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [1_000, 10_000]
const EVERY_S = 10
/** To store them all before the first is due. */
const HEAD_START_S = 5

await using stage = await openStage({ withKafka: true })
const results = []
for (const bus of ['embedded', 'kafka'] as const)
  for (const jobs of sizes) results.push(await measure(bus, jobs))

publish({
  name: 'recurring',
  what: `recurring jobs every ${EVERY_S} s for ${seconds} s: lateness of their starts (goal for p99: 100 ms of 1,000 jobs, 180 ms of 10,000)`,
  rows: results.map(({ bus, jobs, runs, odd, p50, p99, max }) => ({
    bus,
    jobs: shown(jobs),
    fires: shown(runs),
    'missing or twice': shown(odd),
    p50: `${shown(p50, 1)} ms`,
    p99: `${shown(p99, 1)} ms`,
    max: `${shown(max, 1)} ms`,
  })),
  figures: results,
})

async function measure(bus: CronosBus, jobs: number) {
  await using cronos = await startCronos(bus, stage, 0, () => Promise.resolve())
  cronos.go()
  const { db } = cronos
  const base = Math.ceil((await readNow(db)) / 10_000) * 10_000 + HEAD_START_S * 1_000
  await fill(db, jobs, n => {
    const second = (n + HEAD_START_S) % EVERY_S
    return byCron(`${second}/${EVERY_S} * * * * *`, instant(base + (n % EVERY_S) * 1_000))
  })
  const until = base + seconds * 1_000
  while ((await readNow(db)) < until + 2_000) await rest(500)
  // Each instant on the grid from the base to the end, once.
  const { rows } = await db.query<{ odd: number }>(sql`
    select (${jobs}::int * ${Math.floor(seconds / EVERY_S)}::int - count(*))::int
           + (count(*) - count(distinct (job_id, scheduled_at)))::int as odd
      from runs_done
     where scheduled_at < to_timestamp(${until}::float8 / 1000)`)
  return { bus, jobs, odd: rows[0]!.odd, ...(await readLateness(db)) }
}
