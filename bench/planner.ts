/**
 * Prints how fast the planner is on this machine: `node bench/planner.ts`.
 */
import {
  type Cron,
  fireTimes,
  forecast,
  type Instant,
  instant,
  loadZone,
  nextFire,
  parseCron,
  springDst,
  type Zone,
} from '../packages/domain/src/index.ts'

const START = Date.UTC(2026, 0, 1)
const END = Date.UTC(2096, 0, 1)
const HOUR_MS = 3_600_000
const ROUND_MS = 500

const expressions = ['0 */2 * * * *', '0 0 9 * * MON-FRI', '0 0 0 L * *', '0 0 0 29 2 *']
const zones = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe']

console.log('next fires a second')
for (const text of expressions)
  for (const id of zones) {
    const rate = ratePerSecond(followFires(aCron(text), loadZone(id)!))
    console.log(`  ${text.padEnd(20)} ${id.padEnd(20)} ${format(rate)}`)
  }

console.log('parsing')
for (const text of [...expressions, '0,30 */5 9-17 ? JAN-MAR mon#2,5l'])
  console.log(`  ${text.padEnd(41)} ${(1e6 / ratePerSecond(() => aCron(text))).toFixed(1)} µs`)

console.log('10,000 jobs in 30 zones')
const jobs = tenThousandJobs()
console.log(`  the next fire of each   ${milliseconds(() => planAll(jobs))}`)
console.log(`  and each parsed before  ${milliseconds(() => planAll(tenThousandJobs()))}`)
const recurring = jobs.map(job => ({
  recurrence: { kind: 'cron' as const, ...job, dst: springDst, startAt: null, endAt: null },
}))
const week = { from: instant(START), to: instant(START + 168 * HOUR_MS), bucketMs: HOUR_MS }
console.log(`  seven days by the hour  ${milliseconds(() => forecast(recurring, week))}`)
const fine = { ...week, bucketMs: HOUR_MS / 12 }
console.log(`  seven days by 5 minutes ${milliseconds(() => forecast(recurring, fine))}`)

console.log('the first look at a zone')
const cold = () => [
  ...fireTimes(aCron('0 0 0 1 1 *'), loadZone('Asia/Gaza')!, instant(START), instant(END)),
]
console.log(`  70 years of Asia/Gaza   ${milliseconds(cold, 1)}`)

function followFires(cron: Cron, zone: Zone): () => void {
  let at: Instant = instant(START)
  return () => {
    at = nextFire(cron, zone, at) ?? instant(START)
    if (at > END) at = instant(START)
  }
}

function tenThousandJobs(): { cron: Cron; zone: Zone }[] {
  const ids = Intl.supportedValuesOf('timeZone').filter((_, index) => index % 14 === 0)
  return Array.from({ length: 10_000 }, (_, index) => {
    const text = [
      `${index % 60} */${1 + (index % 30)} * * * *`,
      `0 ${index % 60} ${index % 24} * * *`,
      `0 ${index % 60} 9 * * MON-FRI`,
      `0 0 ${index % 24} L * *`,
      '*/10 * * * * *',
    ][index % 5]!
    return { cron: aCron(text), zone: loadZone(ids[index % ids.length]!)! }
  })
}

function planAll(planned: readonly { cron: Cron; zone: Zone }[]): void {
  for (const { cron, zone } of planned) nextFire(cron, zone, instant(START))
}

/** How often it runs in a second, once it is warm. */
function ratePerSecond(run: () => void): number {
  let rate = 0
  for (let round = 0; round < 2; round++) {
    let runs = 0
    const begin = performance.now()
    for (; performance.now() - begin < ROUND_MS; runs += 100) for (let i = 0; i < 100; i++) run()
    rate = (runs / (performance.now() - begin)) * 1_000
  }
  return rate
}

/** The quickest of some rounds. */
function milliseconds(run: () => void, rounds = 3): string {
  const times = Array.from({ length: rounds }, () => {
    const begin = performance.now()
    run()
    return performance.now() - begin
  })
  return `${Math.min(...times).toFixed(1)} ms`
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en').padStart(12)
}

function aCron(text: string): Cron {
  const parsed = parseCron(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.cron
}
