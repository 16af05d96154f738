import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

function cronos(...args: string[]): Promise<{ code: number; errors: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, ['tools/start.mjs', ...args], { cwd: root }, (error, _, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, errors })
    })
  })
}

test('a command that is none is told, and starts nothing', async () => {
  const { code, errors } = await cronos('verfy', '--since', '30d')
  assert.deepEqual([code, errors], [2, 'cronos: the command must be start or verify, got verfy\n'])
})

test('npx cronos is the same program', async () => {
  const { bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  assert.deepEqual(bin, { cronos: 'tools/start.mjs' })
  assert.match(await readFile(join(root, bin.cronos), 'utf8'), /^#!\/usr\/bin\/env node\n/)
})
