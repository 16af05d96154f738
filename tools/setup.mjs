/**
 * Makes this machine ready to run Cronos: a Node of the version that it needs, and the dependencies
 * of the lockfile. Runs on any Node from 20 on and needs nothing installed, so it is plain JavaScript.
 *
 * Everything that a person starts goes through here: `npm start`, `npm test`, `npm run check`.
 */

import { fileURLToPath } from 'node:url'
import { installDependencies } from './setup/dependencies.mjs'
import { SetupError } from './setup/failure.mjs'
import { providePinnedNode } from './setup/pinned-node.mjs'

/** The repository. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url))

const OLDEST_NODE = 20
const NEEDED_NODE = 24

/**
 * Prepares what is missing, and nothing else: on a machine that is ready it takes some milliseconds.
 *
 * @returns {Promise<string>} the Node to run Cronos with
 * @throws {SetupError} one line that says why Cronos cannot run here
 */
export async function setUp() {
  const version = Number(process.versions.node.split('.')[0])
  if (version < OLDEST_NODE)
    throw new SetupError(`Cronos needs Node ${OLDEST_NODE} or newer, this is ${process.version}`)
  const node = version >= NEEDED_NODE ? process.execPath : await providePinnedNode(ROOT)
  await installDependencies(ROOT, node, 'dependencies')
  return node
}

/**
 * Runs a command of Cronos and makes its answer the exit code of this process. What a person can do
 * something about is told in one line, anything else with its stack.
 *
 * @param {() => Promise<number>} command
 */
export async function runCommand(command) {
  try {
    process.exitCode = await command()
  } catch (error) {
    console.error(error instanceof SetupError ? `Cronos: ${error.message}` : error)
    process.exitCode = 1
  }
}
