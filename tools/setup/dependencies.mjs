import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npmCi } from './npm-ci.mjs'
import { whileAlone } from './while-alone.mjs'

/** The lockfile that was installed, as a hash. `npm ci` begins by removing it with all the rest. */
const MARK = 'node_modules/.cronos-lockfile'

/**
 * Installs what the lockfile says where that has not been done, or the lockfile has changed since.
 * An installation that was interrupted leaves no mark and is done again.
 *
 * @param {string} folder holds package.json and package-lock.json
 * @param {string} node runs npm, so that packages are chosen for the Node that will run them
 * @param {string} what is installed, for the line that tells of it
 */
export async function installDependencies(folder, node, what) {
  const lockfile = await readFile(join(folder, 'package-lock.json'))
  const hash = createHash('sha256').update(lockfile).digest('hex')
  const isInstalled = async () =>
    (await readFile(join(folder, MARK), 'utf8').catch(absent)) === hash
  if (await isInstalled()) return

  console.error(`Cronos: installing ${what} …`)
  const begin = performance.now()
  await whileAlone(folder, async () => {
    if (await isInstalled()) return // by another command, while we waited for it
    await npmCi(folder, node)
    await mkdir(join(folder, 'node_modules'), { recursive: true }) // npm makes none for nothing
    await writeFile(join(folder, MARK), hash)
  })
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1)
  console.error(`Cronos: ${what} installed in ${seconds} s`)
}

/** @param {NodeJS.ErrnoException} error */
function absent(error) {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}
