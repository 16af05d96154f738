import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'

/*
 * Each test installs a package without dependencies, so npm does its work and needs no network. The
 * set-up runs in processes of its own, as it does in life.
 */

const execute = promisify(execFile)
const folders: string[] = []
after(() => Promise.all(folders.map(folder => rm(folder, { recursive: true }))))

async function aPackage(version = '1.0.0'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cronos-setup-'))
  folders.push(folder)
  await writeVersion(folder, version)
  return folder
}

async function writeVersion(folder: string, version: string): Promise<void> {
  const about = { name: 'example', version }
  const lock = { ...about, lockfileVersion: 3, packages: { '': about } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(about))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

/** @returns what it said */
async function install(folder: string): Promise<string> {
  const module = new URL('./dependencies.mjs', import.meta.url)
  const script = `
    const { installDependencies } = await import(${JSON.stringify(module)})
    await installDependencies(${JSON.stringify(folder)}, process.execPath, 'examples')`
  const { stderr } = await execute(process.execPath, ['--input-type=module', '-e', script])
  return stderr
}

test('dependencies are installed once', async () => {
  const folder = await aPackage()
  assert.match(await install(folder), /^Cronos: installing examples …\n.*installed in [\d.]+ s\n$/)
  assert.equal(await install(folder), '')
})

test('they are installed again when the lockfile has changed', async () => {
  const folder = await aPackage()
  await install(folder)
  await writeVersion(folder, '1.0.1')
  assert.match(await install(folder), /installing/)
})

test('an installation that did not come to its end is done again', async () => {
  const folder = await aPackage()
  await install(folder)
  await rm(join(folder, 'node_modules/.cronos-lockfile'))
  assert.match(await install(folder), /installing/)
})

test('of several commands that start at once one installs and the others wait for it', async () => {
  const folder = await aPackage()
  await Promise.all([install(folder), install(folder), install(folder)])
  assert.deepEqual(await readdir(join(folder, 'node_modules')), ['.cronos-lockfile'])
  assert.equal(await install(folder), '')
})
