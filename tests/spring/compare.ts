/**
 * Compares Cronos with Spring's own class on many random expressions, zones and instants:
 *
 *     node tests/spring/compare.ts --cases 100000 --seed 42
 *
 * Ends with status 1 when anything differs that is no known departure.
 */
import { parseArgs } from 'node:util'
import {
  type Comparison,
  comparedZones,
  compareWithSpring,
  describeDifference,
  shareZones,
} from './comparison.ts'
import { springVersion, startJudge } from './judge.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const wanted = { cases: Number(values.cases), seed: Number(values.seed) }
if (!Number.isInteger(wanted.cases) || !Number.isInteger(wanted.seed))
  throw new Error('--cases and --seed must be whole numbers')

await using judge = await startJudge()
const { shared, disputed } = await shareZones(judge, comparedZones)
console.log(
  `Spring ${springVersion}, tzdata ${judge.tzdata}; Node's tzdata ${process.versions['tz']}`,
)
console.log(
  `zones: ${shared.length}; left out, the two tzdata differ: ${disputed.join() || 'none'}`,
)
const comparison = await compareWithSpring(judge, shared, wanted)
report(comparison)
if (comparison.differences.length > 0) process.exitCode = 1

function report({ cases, invalid, never, departures, differences }: Comparison): void {
  console.log(`${cases} cases, seed ${wanted.seed}: ${invalid} invalid, ${never} never fire`)
  for (const [name, { count, first }] of departures)
    console.log(`departure: ${name}: ${count}, such as ${describeDifference(first)}`)
  for (const difference of differences) console.log(`DIFFERENT: ${describeDifference(difference)}`)
  console.log(`${differences.length} differences that no departure explains`)
}
