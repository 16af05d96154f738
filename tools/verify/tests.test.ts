import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import type { Tally } from './tally.ts'

const execute = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'cronos-verify-'))
after(() => rm(folder, { recursive: true }))

/** Runs these test files as `npm test` does, in a process that knows nothing of this test run. */
async function verify(files: Record<string, string>, silenceMs?: number): Promise<Tally> {
  for (const [name, body] of Object.entries(files))
    await writeFile(join(folder, name), `import { test } from 'node:test'\n${body}`)
  const script = join(folder, 'verify.mts')
  await writeFile(
    script,
    `const { runFiles } = await import(${JSON.stringify(new URL('./tests.ts', import.meta.url))})
    const files = ${JSON.stringify(Object.keys(files))}
    const tally = await runFiles(${JSON.stringify(folder)}, files, 2, ${silenceMs})
    console.log('\\n' + JSON.stringify(tally))`,
  )
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await execute(process.execPath, [script], { env })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

test('tests that passed and failed are counted over all files', async () => {
  const tally = await verify({
    'good.test.ts': `test('a', () => {}); test('b', () => {})`,
    'mixed.test.ts': `test('c', () => {}); test('d', () => { throw new Error('no') })`,
  })
  assert.deepEqual(tally, { passed: 3, failed: 1 })
})

test('a test that was skipped has neither passed nor failed', async () => {
  const tally = await verify({ 'skipped.test.ts': `test('a', () => {}); test.skip('b', () => {})` })
  assert.deepEqual(tally, { passed: 1, failed: 0 })
})

test('a file that cannot be loaded, or breaks outside its tests, has failed', async () => {
  const { failed } = await verify({
    'missing.test.ts': `import './nowhere.ts'`,
    'broken.test.ts': `test('a', () => {}); setImmediate(() => { throw new Error('no') })`,
    'gone.test.ts': `test('a', () => process.exit(3))`,
  })
  assert.equal(failed, 3)
})

test('a file whose process does not end is ended, and has failed', async () => {
  const stuck = `test('a', () => {}); setInterval(() => {}, 1_000)`
  const { failed } = await verify({ 'stuck.test.ts': stuck }, 2_000)
  assert.ok(failed > 0)
})
