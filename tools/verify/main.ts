/**
 * Everything that must hold before a change is good: types, lint, unused code, and all tests. What
 * fails does not stop the rest. The last line is `N passed, N failed`, and the exit code 1 when
 * anything failed or nothing was found to check.
 *
 * Arguments choose a part: the name of a check (`types`, `lint`, `unused`), or a piece of the paths
 * of test files (`packages/store`, `.db.test.ts`).
 */

import { fileURLToPath } from 'node:url'
import { type CheckName, checkNames, runCheck } from './checks.ts'
import { sum, type Tally } from './tally.ts'
import { findTests, runTests } from './tests.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const parts = process.argv.slice(2)
const isCheck = (part: string) => (checkNames as string[]).includes(part)

const checks = parts.length === 0 ? checkNames : (parts.filter(isCheck) as CheckName[])
const pathParts = parts.filter(part => !isCheck(part))
const wantsTests = parts.length === 0 || pathParts.length > 0

const tallies: Tally[] = []
for (const check of checks) {
  console.log(`\n# ${check}`)
  tallies.push(await orFailed(() => runCheck(check, root)))
}
if (wantsTests) {
  console.log('\n# tests')
  tallies.push(await orFailed(allTests))
}

const { passed, failed } = sum(tallies)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = passed + failed > 0 && failed === 0 ? 0 : 1

async function allTests(): Promise<Tally> {
  const tally = sum(await runTests(root, await findTests(root, pathParts)))
  if (tally.passed + tally.failed === 0) throw new Error('there are no such tests')
  return tally
}

/** A part that cannot even be run has failed, and must not take the others with it. */
async function orFailed(part: () => Promise<Tally>): Promise<Tally> {
  try {
    return await part()
  } catch (error) {
    console.error(error)
    return { passed: 0, failed: 1 }
  }
}
