/**
 * Whether a transaction that somebody leaves open, or a long history, makes claims slower:
 *
 *     node bench/hostile.ts [jobs, 100000] [finished runs, 1000000]
 *
 * Timed is the claim of an idle scheduler: all that it does is to pass by what is no longer due. It
 * is timed in a quiet database; after so many jobs have run while a snapshot was held, which keeps
 * PostgreSQL from cleaning up behind them; and beside the history.
 */
import { claimRuns, openPool, type Pool, sql } from '@cronos/store'
import { type BenchCronos, fill, startCronos, untilRecorded } from './cronos.ts'
import { addFinishedRuns } from './heaps.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'

const jobs = Number(process.argv[2] ?? 100_000)
const finished = Number(process.argv[3] ?? 1_000_000)
const CLAIMS = 101
/** For what is made or held for minutes. */
const LONG_MS = 3_600_000

await using stage = await openStage({ withKafka: false })
const quiet = await measureQuiet()
const besideSnapshot = await measureBesideSnapshot()
const besideHistory = await measureBesideHistory()

const cases = [
  { beside: 'nothing', ...quiet },
  { beside: `a snapshot held while ${shown(jobs)} jobs ran`, ...besideSnapshot },
  { beside: `${shown(finished)} finished runs`, ...besideHistory },
]
publish({
  name: 'hostile',
  what: `an idle claim, ${CLAIMS} times (goal: at most 1.3 times that beside nothing), and the rate of ${shown(jobs)} jobs`,
  rows: cases.map(({ beside, claims, rate }) => ({
    beside,
    'claim, median': `${shown(median(claims), 2)} ms`,
    spread: spread(claims, 2),
    times: shown(median(claims) / median(quiet.claims), 2),
    'jobs/s': shown(rate),
  })),
  figures: cases,
})

async function measureQuiet() {
  await using cronos = await startCronos('embedded', stage, jobs, db => fill(db, jobs))
  const rate = await runAll(cronos)
  // What ran is cleaned up, as it would be in a while.
  await cronos.db.query(sql`vacuum runs_live`)
  return { rate, claims: await timeClaims(cronos) }
}

async function measureBesideSnapshot() {
  await using cronos = await startCronos('embedded', stage, jobs, db => fill(db, jobs))
  await using holder = longPool(cronos)
  return await holder.transaction(async tx => {
    await tx.query(sql`set transaction isolation level repeatable read`)
    await tx.query(sql`select from runs_live limit 1`)
    const rate = await runAll(cronos)
    await cronos.db.query(sql`vacuum runs_live`)
    return { rate, claims: await timeClaims(cronos) }
  })
}

async function measureBesideHistory() {
  await using cronos = await startCronos('embedded', stage, jobs, db => fill(db, jobs))
  {
    await using long = longPool(cronos)
    await addFinishedRuns(long, finished)
  }
  const rate = await runAll(cronos, finished)
  await cronos.db.query(sql`vacuum runs_live`)
  return { rate, claims: await timeClaims(cronos) }
}

async function runAll(cronos: BenchCronos, before = 0): Promise<number> {
  const begin = performance.now()
  cronos.go()
  await cronos.ran
  const ms = performance.now() - begin
  await untilRecorded(cronos.db, before + jobs)
  return (jobs * 1_000) / ms
}

async function timeClaims({ database }: BenchCronos): Promise<number[]> {
  const db = database.pool('engine')
  const times: number[] = []
  for (let n = 0; n < CLAIMS; n++) {
    const begin = performance.now()
    await db.transaction(tx =>
      claimRuns(tx, { limit: 100, dispatchLeaseMs: 5_000, takeOver: true }),
    )
    times.push(performance.now() - begin)
  }
  return times.slice(1) // the first one connects and prepares
}

function longPool({ database }: BenchCronos): Pool {
  return openPool({
    ...{ ...database.address, name: 'bench', max: 1, plans: 'general' },
    timeoutMs: LONG_MS,
  })
}
