import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { FaultKind } from './nemesis.ts'
import { startTrial } from './trial.ts'
import { LONGEST_TASK_MS } from './workload.ts'

/**
 * Tests each kind of fault once, on a whole Cronos that is kept busy: afterwards everything that was
 * promised holds. `long.ts` goes on for as long as told, with the leases that Cronos has by default;
 * here they are short. How soon a run goes on is judged there too: here the machine may be as slow
 * as it likes.
 */
export async function testSurvival(kinds: readonly FaultKind[]): Promise<void> {
  const seed = Number(process.env['CRONOS_TEST_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`CRONOS_TEST_SEED=${seed} repeats the choices of this test`)

  const trial = await startTrial({
    ...{ schedulers: 2, executors: 2, seed, logs: process.env['CRONOS_TEST_LOGS'] ?? null },
    timing: {
      ...{ leaseMs: 2_000, heartbeatMs: 500, dispatchLeaseMs: 1_000 },
      ...{ sessionMs: 3_000, graceMs: 1_000 },
    },
    limits: { recoveryMs: 60_000, patienceMs: 60_000, backoffMs: 1_000, taskMs: LONGEST_TASK_MS },
    ...{ backoffMs: 1_000, everySecond: 5, oneTimePerSecond: 4 },
    ...{ quietMs: [300, 800], settleMs: 60_000 },
  })
  after(() => trial[Symbol.asyncDispose]())

  for (const kind of kinds) {
    const isPossible = kind.isPossible?.(trial.cluster) !== false
    test(`${kind.name}: every promise holds`, {
      skip: !isPossible && 'this machine cannot be broken so',
    }, async () => {
      await trial.strike(kind)
      const { report } = await trial.judge()
      assert.deepEqual(report.violations, [])
    })
  }
}
