/**
 * How many no-op jobs a second go from due to recorded, beside other queues:
 *
 *     node bench/throughput.ts [jobs, 20000] [rounds, 5] [name, … of contenders]
 *
 * All jobs are due when the workers begin; measured is from then until the last one is on record.
 * Rounds are interleaved. Where `bench/peers` is not installed, Cronos runs alone.
 */
import { type Contender, cronos, measureRound, type Round } from './contenders.ts'
import { publish, type Row } from './measure/report.ts'
import { openStage } from './measure/stage.ts'
import { median, shown, spread } from './measure/statistics.ts'
import { findPeers } from './peers.ts'

const jobs = Number(process.argv[2] ?? 20_000)
const rounds = Number(process.argv[3] ?? 5)
const only = process.argv.slice(4)

const peers = await findPeers()
const contenders = [cronos('kafka'), cronos('embedded'), ...peers.found].filter(
  ({ name }) => only.length === 0 || only.some(each => name.toLowerCase().includes(each)),
)
const measured = new Map<Contender, Round[]>(contenders.map(each => [each, []]))
await using stage = await openStage({ withKafka: contenders.some(c => c.name.includes('Kafka')) })

for (let round = 1; round <= rounds; round++)
  for (const contender of contenders) {
    const result = await measureRound(contender, stage, jobs)
    measured.get(contender)!.push(result)
    const cpu = Object.entries(result.cpuUs).map(([part, us]) => `${part} ${us.toFixed(0)}`)
    console.log(
      `${round} ${contender.name.padEnd(20)} ${shown(result.jobsPerSecond).padStart(8)} jobs/s; ` +
        `CPU µs a job: ${cpu.join(', ')}; others ${(result.others * 100).toFixed(0)} %`,
    )
  }

publish({
  name: `throughput-${jobs}`,
  what: `${shown(jobs)} due no-op jobs until all are recorded, ${rounds} interleaved rounds`,
  rows: contenders.map(contender => rowOf(contender, measured.get(contender)!)),
  figures: {
    jobs,
    missing: peers.missing,
    contenders: contenders.map(contender => ({
      ...{ name: contender.name, settings: contender.settings },
      rounds: measured.get(contender),
    })),
  },
})
for (const { name, settings } of contenders) console.log(`${name}: ${settings}`)
for (const line of peers.missing) console.log(line)

function rowOf({ name }: Contender, results: readonly Round[]): Row {
  const rates = results.map(each => each.jobsPerSecond)
  const cpu = (parts: (part: string) => boolean) =>
    median(
      results.map(({ cpuUs }) =>
        Object.entries(cpuUs).reduce((sum, [part, us]) => sum + (parts(part) ? us : 0), 0),
      ),
    )
  return {
    contender: name,
    'jobs/s, median': shown(median(rates)),
    spread: spread(rates),
    'CPU µs a job': shown(cpu(part => part !== 'kafka')),
    'of it workers': shown(cpu(part => part === 'workers')),
    'of it database': shown(cpu(part => part === 'postgres' || part === 'redis')),
    'Kafka besides': shown(cpu(part => part === 'kafka')),
    'others had': `${shown(median(results.map(each => each.others)) * 100)} %`,
  }
}
