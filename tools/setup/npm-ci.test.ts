import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from './npm-ci.mjs'

test('without a network there is one line that says so', () => {
  const output = 'npm error code EAI_AGAIN\nnpm error request to https://registry.example failed'
  assert.equal(
    explain(output),
    'dependencies cannot be fetched: the package registry cannot be reached; is there a network? (EAI_AGAIN)',
  )
})

test('without space there is one line that says so', () => {
  assert.equal(
    explain('npm error code ENOSPC\nnpm error syscall write\nnpm error errno -28'),
    'dependencies cannot be installed: no space is left (ENOSPC)',
  )
})

test('what has no common cause is told in the words of npm', () => {
  assert.match(explain('npm error code EUSAGE\nnpm error not in sync'), /npm says:\n.*EUSAGE/)
})
