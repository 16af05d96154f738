import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { page, writePage } from './docs-configuration.ts'

test('docs/configuration.md is what `node tools/docs-configuration.ts` writes', async () => {
  assert.equal(await readFile(page, 'utf8'), writePage())
})

test('no two keys are the same variable', () => {
  const variables = [...writePage().matchAll(/^\| `[^`]+` +\| `([A-Z0-9_]+)`/gm)].map(row => row[1])
  assert.ok(variables.length > 10)
  assert.deepEqual(variables, [...new Set(variables)])
})
