import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { serverFaults, serviceFaults } from './nemesis.ts'

/* `docs/guarantees.md` names a test for each of its rows, and each fault has a row. */

const root = join(import.meta.dirname, '../..')
const page = await readFile(join(root, 'docs/guarantees.md'), 'utf8')
const rows = page
  .split('\n')
  .filter(line => line.startsWith('| ') && line.includes('.test.ts`'))
  .map(line => line.split('|').map(cell => cell.trim()))

const KINDS = {
  'tests/faults/services.bus.test.ts': serviceFaults,
  'tests/faults/servers.bus.test.ts': serverFaults,
}

test('each fault that is tested has a row in the guarantees', () => {
  for (const [file, kinds] of Object.entries(KINDS)) {
    const told = rows.filter(cells => cells.at(-2) === `\`${file}\``).map(cells => cells[1]!)
    assert.deepEqual(told.toSorted(), kinds.map(kind => kind.name).toSorted())
  }
})

test('each test that the guarantees name is there', async () => {
  const named = rows.map(cells => /^`([^`]+)`: (.+)$/.exec(cells.at(-2)!)).filter(found => found)
  assert.ok(named.length > 0)
  for (const [, file, title] of named as RegExpExecArray[])
    assert.ok((await readFile(join(root, file!), 'utf8')).includes(`'${title}'`), title)
})
