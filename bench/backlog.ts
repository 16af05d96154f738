/**
 * Whether jobs that are not due yet cost anything:
 *
 *     node bench/backlog.ts [due jobs, 5000] [rounds, 3] [future jobs, … (0 1000000)]
 *
 * The rate over the due ones beside so many future ones, and what an idle Cronos asks of the database
 * meanwhile.
 */
import { setTimeout as rest } from 'node:timers/promises'
import { openPool, sql } from '@cronos/store'
import { areRecorded, fill, startCronos } from './cronos.ts'
import { addFutureJobs } from './heaps.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'

const due = Number(process.argv[2] ?? 5_000)
const rounds = Number(process.argv[3] ?? 3)
const sizes = process.argv.length > 4 ? process.argv.slice(4).map(Number) : [0, 1_000_000]
const IDLE_MS = 60_000
/** A heap is made by statements of half a minute. */
const LONG_MS = 600_000

await using stage = await openStage({ withKafka: false })
const results = []
for (const future of sizes) {
  const rates: number[] = []
  let idle = { queries: Number.NaN, ms: Number.NaN }
  for (let round = 1; round <= rounds; round++) {
    const measured = await measure(future, round === rounds)
    rates.push(measured.rate)
    idle = measured.idle
    console.log(`${shown(future)} future jobs: ${shown(measured.rate)} jobs/s`)
  }
  results.push({ future, rates, idle })
}

const base = median(results[0]!.rates)
publish({
  name: 'backlog',
  what: `${shown(due)} due jobs beside future ones, embedded bus, ${rounds} rounds; idle for ${IDLE_MS / 1_000} s`,
  rows: results.map(({ future, rates, idle }) => ({
    'future jobs': shown(future),
    'jobs/s, median': shown(median(rates)),
    spread: spread(rates),
    'of the first': shown(median(rates) / base, 2),
    'idle: transactions a minute': shown(idle.queries),
    'idle: ms of SQL a minute': shown(idle.ms),
  })),
  figures: results,
})

async function measure(future: number, watchIdle: boolean) {
  await using cronos = await startCronos('embedded', stage, due, async db => {
    await fill(db, due)
    if (future === 0) return
    const { rows } = await db.query<{ name: string }>(sql`select current_database() as name`)
    await using long = openPool({
      ...addressOf(rows[0]!.name),
      ...{ name: 'bench', max: 1, plans: 'general', timeoutMs: LONG_MS },
    })
    await addFutureJobs(long, future)
  })
  const begin = performance.now()
  cronos.go()
  await cronos.ran
  while (!(await areRecorded(cronos.db, due))) await rest(5)
  const rate = (due * 1_000) / (performance.now() - begin)
  if (!watchIdle) return { rate, idle: { queries: Number.NaN, ms: Number.NaN } }
  await rest(5_000) // what was counted lately has reached the statistics
  const before = await readActivity()
  await rest(IDLE_MS)
  const after = await readActivity()
  return { rate, idle: { queries: after.queries - before.queries, ms: after.ms - before.ms } }

  async function readActivity() {
    const { rows } = await cronos.db.query<{ queries: number; ms: number }>(sql`
      select xact_commit + xact_rollback as queries, active_time as ms
        from pg_stat_database where datname = current_database()`)
    return rows[0]!
  }
}

function addressOf(database: string) {
  const server = new URL(process.env['CRONOS_TEST_POSTGRES']!)
  return {
    url: `postgres://${server.host}/${database}`,
    user: decodeURIComponent(server.username),
    password: decodeURIComponent(server.password),
  }
}
