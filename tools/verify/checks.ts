import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import type { Tally } from './tally.ts'

/** What reads the code without running it. Each counts as one check. */
const CHECKS = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'check', '.'],
  unused: ['knip'],
} as const satisfies Record<string, readonly [program: string, ...args: string[]]>

export type CheckName = keyof typeof CHECKS

export const checkNames = Object.keys(CHECKS) as CheckName[]

/** Runs a check; what it has to say goes to our output. */
export async function runCheck(name: CheckName, root: string): Promise<Tally> {
  const [program, ...args] = CHECKS[name]
  const child = spawn(join(root, 'node_modules/.bin', program), args, {
    cwd: root,
    env: { ...process.env, PATH: withThisNode(process.env['PATH']) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'close')
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** The programs are scripts that look for `node`: it is to be the one that runs us. */
function withThisNode(path = ''): string {
  return `${dirname(process.execPath)}${delimiter}${path}`
}
