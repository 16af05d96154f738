import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installDependencies } from './dependencies.mjs'
import { SetupError } from './failure.mjs'

/**
 * Provides the Node of the version that Cronos is developed with, from the package registry, inside
 * the repository: the machine's own Node stays as it is.
 *
 * @param {string} root
 * @returns {Promise<string>} its executable
 * @throws {SetupError} when there is no such package for this platform
 */
export async function providePinnedNode(root) {
  const folder = join(root, 'tools/node')
  const name = `node-${process.platform}-${process.arch}`
  const { optionalDependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const version = optionalDependencies[name]
  if (version === undefined)
    throw new SetupError(
      `Cronos needs Node 24 or newer, this is ${process.version}, and there is no package with a ` +
        `newer one for ${process.platform}-${process.arch}: install it from https://nodejs.org`,
    )
  await installDependencies(folder, process.execPath, `Node ${version}`)
  const node = join(folder, 'node_modules', name, 'bin/node')
  await access(node).catch(cause => {
    throw new SetupError(`${node} is missing: remove ${folder}/node_modules and start again`, {
      cause,
    })
  })
  return node
}
