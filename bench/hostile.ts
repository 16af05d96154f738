/**
 * Whether a transaction that somebody leaves open, or a long history, makes claims slower:
 *
 *     node bench/hostile.ts [jobs, 100000] [finished runs, 1000000]
 *
 * Timed is the claim of an idle scheduler, which begins where the claims before it have ended, and
 * apart from it the look at the whole queue that a scheduler takes once a second. Both are timed in a
 * quiet database; after so many jobs have run while a snapshot was held, which keeps PostgreSQL from
 * cleaning up behind them; and beside the history.
 */
import { setTimeout as rest } from 'node:timers/promises'
import { openLowWater } from '@cronos/scheduler-service'
import { claimRuns, openPool, type Pool, readNow, sql } from '@cronos/store'
import { type BenchCronos, fill, startCronos, untilRecorded } from './cronos.ts'
import { addFinishedRuns } from './heaps.ts'
import { publish } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'

const jobs = Number(process.argv[2] ?? 100_000)
const finished = Number(process.argv[3] ?? 1_000_000)
const CLAIMS = 200
/** Before the first claim is timed, for what is still committed or cleaned up. */
const IDLE_MS = 3_000
interface Timed {
  readonly claims: readonly number[]
  readonly whole: readonly number[]
}

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
  rows: cases.map(({ beside, claims, whole, rate }) => ({
    beside,
    'claim, median': `${shown(median(claims), 2)} ms`,
    spread: spread(claims, 2),
    times: shown(median(claims) / median(quiet.claims), 2),
    'looking at the whole queue, once a second': `${shown(median(whole), 2)} ms`,
    'jobs/s': shown(rate),
  })),
  figures: cases,
})

async function measureQuiet() {
  await using cronos = await startCronos('embedded', stage, jobs, db => fill(db, jobs))
  const rate = await runAll(cronos)
  // What ran is cleaned up, as it would be in a while.
  await cronos.db.query(sql`vacuum runs_live`)
  return { rate, ...(await timeClaims(cronos)) }
}

async function measureBesideSnapshot() {
  await using cronos = await startCronos('embedded', stage, jobs, db => fill(db, jobs))
  await using holder = longPool(cronos)
  return await holder.transaction(async tx => {
    await tx.query(sql`set transaction isolation level repeatable read`)
    await tx.query(sql`select from runs_live limit 1`)
    const rate = await runAll(cronos)
    await cronos.db.query(sql`vacuum runs_live`)
    return { rate, ...(await timeClaims(cronos)) }
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
  return { rate, ...(await timeClaims(cronos)) }
}

async function runAll(cronos: BenchCronos, before = 0): Promise<number> {
  const begin = performance.now()
  cronos.go()
  await cronos.ran
  const ms = performance.now() - begin
  await untilRecorded(cronos.db, before + jobs)
  return (jobs * 1_000) / ms
}

/** As a scheduler claims: from its mark on, and the whole at most once a second. */
async function timeClaims({ database }: BenchCronos): Promise<Timed> {
  const db = database.pool('engine')
  const water = openLowWater(() => performance.now())
  await rest(IDLE_MS)
  const claims: number[] = []
  const whole: number[] = []
  for (let n = 0; n < CLAIMS; n++) {
    water.tell(await readNow(db))
    const from = water.sweepInMs === 0 ? null : water.mark
    const begin = performance.now()
    const claimed = await db.transaction(tx =>
      claimRuns(tx, { limit: 100, dispatchLeaseMs: 5_000, takeOver: true, from }),
    )
    const ms = performance.now() - begin
    water.claimed(claimed, 100)
    if (from === null) {
      water.swept(ms)
      whole.push(ms)
    } else {
      claims.push(ms)
    }
    await rest(20)
  }
  return { claims, whole: whole.slice(1) } // the first one connects and prepares
}

function longPool({ database }: BenchCronos): Pool {
  return openPool({
    ...{ ...database.address, name: 'bench', max: 1, plans: 'general' },
    timeoutMs: LONG_MS,
  })
}
