import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { checkPayload, loadRegistry } from './registry.ts'
import { defineTask, PermanentError } from './task.ts'

test('the executor knows the tasks that stand in its folder', async () => {
  const registry = await loadRegistry()
  assert.deepEqual(registry.names, ['generate_report', 'http_request', 'send_email'])
})

test('a task is found whatever its letter case', async () => {
  const registry = await loadRegistry()
  for (const name of ['send_email', 'SEND_EMAIL', 'Send_Email'])
    assert.equal(registry.find(name)?.name, 'send_email')
  for (const name of ['', 'send-email', 'constructor', '__proto__'])
    assert.equal(registry.find(name), undefined)
})

async function registryOf(files: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'tasks-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return await loadRegistry(pathToFileURL(`${folder}/`))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const taskNamed = (name: string) =>
  `export default { name: '${name}', payload: {}, run: async () => undefined }`

test('adding a task is adding a file', async () => {
  const registry = await registryOf({ 'one.ts': taskNamed('one'), 'two.ts': taskNamed('two') })
  assert.deepEqual(registry.names, ['one', 'two'])
})

test('tests beside tasks are no tasks', async () => {
  const registry = await registryOf({ 'one.ts': taskNamed('one'), 'one.test.ts': 'throw 1' })
  assert.deepEqual(registry.names, ['one'])
})

test('two tasks of one name are refused, and so is a file without a task', async () => {
  const twice = registryOf({ 'one.ts': taskNamed('one'), 'two.ts': taskNamed('one') })
  await assert.rejects(twice, /tasks\/two\.ts: another file has a task named one/)
  const none = registryOf({ 'none.ts': 'export const task = 1' })
  await assert.rejects(none, /tasks\/none\.ts: the default export must be a task/)
  await assert.rejects(registryOf({ 'x.ts': taskNamed('Send Mail') }), /snake_case/)
})

const task = defineTask({
  name: 'test',
  payload: Type.Object({
    to: Type.Union([Type.String(), Type.Array(Type.String())], {
      description: 'an address or a list of them',
    }),
    count: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  run: async () => undefined,
})

function refusal(payload: Record<string, unknown>): string {
  try {
    checkPayload(task, payload)
  } catch (error) {
    assert.ok(error instanceof PermanentError)
    return error.message
  }
  return 'accepted'
}

test('a payload that is right is accepted, with keys that the task does not know', () => {
  assert.equal(refusal({ task: 'test', to: 'a', note: 'kept' }), 'accepted')
  assert.equal(refusal({ to: ['a', 'b'], count: 1 }), 'accepted')
})

test('a refusal names the field, what it must be and what it is', () => {
  assert.equal(refusal({}), 'payload.to must be an address or a list of them, but it is missing')
  assert.equal(refusal({ to: 5 }), 'payload.to must be an address or a list of them, got 5')
  assert.equal(
    refusal({ to: ['a', null] }),
    'payload.to must be an address or a list of them, got ["a",null]',
  )
  assert.match(refusal({ to: 'a', count: 0 }), /^payload\.count must be .+, got 0$/)
})

test('a long value is cut in the message', () => {
  assert.ok(refusal({ to: { text: 'x'.repeat(10_000) } }).length < 200)
})
