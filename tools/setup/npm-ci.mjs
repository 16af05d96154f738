import { spawn } from 'node:child_process'
import { basename, delimiter, dirname } from 'node:path'
import { SetupError } from './failure.mjs'

/**
 * Scripts of packages are not run: nothing of ours needs them, and an installation executes no
 * code of others. A network that is away is noticed within seconds, not minutes.
 */
const ARGUMENTS = [
  'ci',
  '--ignore-scripts',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=2000',
]

/**
 * Installs the lockfile of a folder. What npm says is shown only when it fails.
 *
 * @param {string} folder
 * @param {string} node the Node that runs npm
 * @throws {SetupError}
 */
export async function npmCi(folder, node) {
  const { code, output } = await run(npmUnder(node), folder, node)
  if (code !== 0) throw new SetupError(explain(output))
}

/**
 * The npm that runs us, under another Node; else the one on the path.
 *
 * @param {string} node
 * @returns {[string, ...string[]]}
 */
function npmUnder(node) {
  const cli = process.env['npm_execpath']
  return cli && basename(cli) === 'npm-cli.js' ? [node, cli] : ['npm']
}

/**
 * @param {[string, ...string[]]} npm
 * @param {string} folder
 * @param {string} node
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run([file, ...args], folder, node) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args, ...ARGUMENTS], {
      cwd: folder,
      env: environmentFor(node),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    child.once('error', error => reject(new SetupError(`npm cannot be run: ${error.message}`)))
    child.once('close', code => resolve({ code, output }))
  })
}

/**
 * An `npm` that is a script finds its Node on the path. What a surrounding `npm run` has set for
 * its own folder (`npm_config_local_prefix` and the like) is not for another one.
 *
 * @param {string} node
 */
function environmentFor(node) {
  const env = { ...process.env }
  for (const name of [
    'npm_config_local_prefix',
    'npm_config_prefix',
    'npm_package_json',
    'INIT_CWD',
  ])
    delete env[name]
  env['PATH'] = `${dirname(node)}${delimiter}${env['PATH'] ?? ''}`
  return env
}

const CAUSES = [
  {
    found: /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b/,
    message:
      'dependencies cannot be fetched: the package registry cannot be reached; is there a network?',
  },
  { found: /\b(ENOSPC|EDQUOT)\b/, message: 'dependencies cannot be installed: no space is left' },
  {
    found: /\b(EACCES|EPERM|EROFS)\b/,
    message: 'dependencies cannot be installed: this user cannot write here',
  },
]

/**
 * @param {string} output of npm
 * @returns {string} one line where the cause is a common one, else what npm said
 */
export function explain(output) {
  for (const { found, message } of CAUSES) {
    const code = found.exec(output)?.[1]
    if (code !== undefined) return `${message} (${code})`
  }
  return `dependencies cannot be installed; npm says:\n${output.trim()}`
}
