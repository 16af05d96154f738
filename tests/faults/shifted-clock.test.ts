import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

test('a process with a wrong clock has it in its threads too', async () => {
  const program = fileURLToPath(new URL('./tell-time.ts', import.meta.url))
  const preload = new URL('./shifted-clock.ts', import.meta.url).href
  const env = { ...process.env, CRONOS_TEST_CLOCK_SHIFT_MS: '-600000' }
  const before = Date.now()
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, program], {
    env,
  })
  const shown = stdout.trim().split(/\s+/).map(Number)
  assert.equal(shown.length, 4)
  for (const now of shown)
    assert.ok(before - 600_000 <= now && now <= Date.now() - 600_000, `${now} is not shifted`)
})
