import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordError } from './record.ts'

test('of an error everything is kept: message, name, stack and causes', () => {
  const cause = new RangeError('no such shelf')
  const { message, name, stack, cause: kept } = recordError(new Error('lost', { cause }))
  assert.deepEqual([message, name], ['lost', 'Error'])
  assert.match(stack ?? '', /^Error: lost\n/)
  assert.deepEqual([kept?.message, kept?.name], ['no such shelf', 'RangeError'])
})

test('a stack tells files of Cronos from its root on, and nothing of the machine', () => {
  const { stack } = recordError(new Error('lost'))
  assert.match(stack ?? '', /[ (]services\/executor\/src\/record\.test\.ts:/)
  assert.ok(!stack?.includes(import.meta.dirname))
})

test('what is no error is kept as its text', () => {
  assert.deepEqual(recordError('a\0b'), { message: 'a\uFFFDb' })
})
