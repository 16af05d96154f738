/**
 * Breaks a whole Cronos for as long as it is told to, and says what came of it:
 *
 *     node tests/faults/long.ts --minutes 30 --seed 42 --out report
 *
 * The exit code is 1 when anything that was promised does not hold. The seed decides which faults
 * strike when; what meets them is up to the machine. `--only` takes a part of the names of faults.
 */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomOf } from '../spring/random.ts'
import { type FaultKind, faultKinds, twoAtOnce } from './nemesis.ts'
import { countFaults, startTrial, type Verdict } from './trial.ts'
import { LONGEST_TASK_MS } from './workload.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1e9)}` },
    out: { type: 'string' },
    only: { type: 'string', default: '' },
    rate: { type: 'string', default: '18' },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
const out = values.out ?? (await mkdtemp(join(tmpdir(), 'cronos-faults-')))
await mkdir(out, { recursive: true })
console.log(`seed ${seed}, ${minutes} minutes, report in ${out}`)

const limits = { recoveryMs: 15_000, patienceMs: 5_000, backoffMs: 2_000, taskMs: LONGEST_TASK_MS }
await using trial = await startTrial({
  ...{ schedulers: 2, executors: 3, seed, limits, logs: join(out, 'logs') },
  timing: {
    ...{ leaseMs: 10_000, heartbeatMs: 3_000, dispatchLeaseMs: 5_000 },
    ...{ sessionMs: 10_000, graceMs: 5_000 },
  },
  backoffMs: limits.backoffMs,
  ...{ everySecond: Number(values.rate), oneTimePerSecond: 2 },
  ...{ quietMs: [4_000, 40_000], settleMs: 120_000 },
})
const kinds = [...faultKinds, twoAtOnce, twoAtOnce, twoAtOnce].filter(
  kind => kind.name.includes(values.only) && kind.isPossible?.(trial.cluster) !== false,
)
for (const kind of faultKinds)
  if (kind.isPossible?.(trial.cluster) === false) console.log(`not possible here: ${kind.name}`)

const started = performance.now()
const elapsedS = () => Math.round((performance.now() - started) / 1_000)
const random = randomOf(seed)
for (let bag: FaultKind[] = []; elapsedS() < minutes * 60; ) {
  if (bag.length === 0) bag = kinds.toSorted(() => random.next() - 0.5) // each comes in its turn
  const kind = bag.pop()!
  const before = trial.cluster.faults.length
  await trial.strike(kind)
  const struck = trial.cluster.faults.slice(before)
  const what = struck.map(({ kind, target }) => `${kind} (${target})`).join('; ')
  console.log(`${elapsedS()} s: ${what}; ${trial.executions} executions so far`)
}
await trial.rest()
const verdict = await trial.judge()
await writeFile(join(out, 'history.json'), JSON.stringify(verdict.history))
await writeFile(join(out, 'report.json'), JSON.stringify(summary(verdict), null, 2))
await writeFile(join(out, 'report.md'), markdown(verdict))
console.log(markdown(verdict))
if (verdict.report.violations.length > 0) process.exitCode = 1

function summary({ history, report }: Verdict) {
  const { violations, ...counts } = report
  const acknowledged = history.asked.filter(each => each.status === 201).length
  return {
    command: `node tests/faults/long.ts --minutes ${minutes} --seed ${seed}`,
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}`,
    seconds: elapsedS(),
    jobs: { asked: history.asked.length, acknowledged, stored: history.jobs.length },
    ...counts,
    faults: countFaults(history.faults),
    violations,
  }
}

function markdown(verdict: Verdict): string {
  const { violations, faults, jobs, command, machine, seconds, ...counts } = summary(verdict)
  const found = Object.entries(Object.groupBy(violations, ({ kind }) => kind))
  return [
    `\`${command}\`, ${seconds} s, on ${machine}`,
    '',
    '| | |',
    '| --- | --- |',
    ...Object.entries(jobs).map(([name, count]) => `| jobs ${name} | ${count} |`),
    ...Object.entries(counts).map(([name, count]) => `| ${name} | ${count} |`),
    ...Object.entries(faults).map(([name, count]) => `| fault: ${name} | ${count} |`),
    `| **violations** | **${violations.length}** |`,
    '',
    ...found.map(([kind, each]) => `- ${kind}: ${each!.length}, such as: ${each![0]!.message}`),
    '',
  ].join('\n')
}
