import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { checkPayload, loadRegistry } from './registry.ts'

const page = await readFile(new URL('../../../docs/tasks.md', import.meta.url), 'utf8')

function snippets(language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms')
  return [...page.matchAll(fence)].map(([, text]) => text!)
}

test('the payloads in the documentation are right, and every task has one', async () => {
  const registry = await loadRegistry()
  const documented = snippets('json').map(text => {
    const payload = JSON.parse(text)
    checkPayload(registry.find(payload.task)!, payload)
    return payload.task
  })
  assert.deepEqual(documented.sort(), registry.names)
})

test('the task in the documentation works as the one file it is', async () => {
  const [text] = snippets('ts')
  const folder = await mkdtemp(join(import.meta.dirname, 'documented-'))
  try {
    await mkdir(join(folder, 'tasks'))
    await writeFile(join(folder, 'task.ts'), "export * from '../task.ts'")
    await writeFile(join(folder, 'tasks', 'wait.ts'), text!)
    const registry = await loadRegistry(pathToFileURL(join(folder, 'tasks/')))
    const wait = registry.find('wait')!
    assert.throws(() => checkPayload(wait, { ms: 'long' }), {
      message: 'payload.ms must be a whole number of milliseconds, got "long"',
    })
    const signal = new AbortController().signal
    assert.deepEqual(await wait.run({ ms: 1 }, { signal } as never), { waitedMs: 1 })
  } finally {
    await rm(folder, { recursive: true })
  }
})
