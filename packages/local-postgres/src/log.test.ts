import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { trim } from './log.ts'

test('a log that grew too long is moved aside, and its writer goes on in an empty one', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'cronos-log-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const file = join(folder, 'log')
  const writer = stack.use(await open(file, 'a'))

  await writer.write('short\n')
  await trim(file, 10)
  assert.equal(await readFile(file, 'utf8'), 'short\n')

  await writer.write('too long now\n')
  await trim(file, 10)
  await writer.write('next\n')
  assert.equal(await readFile(file, 'utf8'), 'next\n')
  assert.equal(await readFile(`${file}.old`, 'utf8'), 'short\ntoo long now\n')
})
