import { access, constants, readFile, realpath, stat } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { LocalPostgresError } from './failure.ts'

/** How a program of PostgreSQL is started, under which user. */
export interface Account {
  /** Null: as the user that we are. */
  readonly user: User | null
  /** What stands before the program on the command line; often nothing. */
  readonly prefix: readonly string[]
}

interface User {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root. Where Cronos does, PostgreSQL runs as the owner of the data
 * folder, or at the first start as user `postgres`, else `nobody`. That user must reach the data
 * and the programs; where a parent folder is closed to it (a checkout in /root, a private folder
 * for temporary files), it gets the one capability that opens them, and nothing else of root's.
 *
 * @param dataDir the data folder, or where it will be
 * @param program one of the programs that will be started
 * @throws {LocalPostgresError} when there is no such user or no such way
 */
export async function chooseAccount(dataDir: string, program: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { user: null, prefix: [] }
  const user = (await ownerOf(dataDir)) ?? (await userNamed('postgres', 'nobody'))
  if (user === null)
    throw new LocalPostgresError(
      'PostgreSQL does not run as root, and there is no user postgres: start Cronos as another user',
    )
  const closed = (await closedFolder(dirname(dataDir), user)) ?? (await closedFolder(program, user))
  if (closed === null) return { user, prefix: [] }
  const setpriv = await findProgram('setpriv')
  if (setpriv === null)
    throw new LocalPostgresError(
      `PostgreSQL does not run as root, and its user cannot pass ${closed}: ` +
        'start Cronos as another user, or open that folder (chmod o+x)',
    )
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override']
  const identity = ['--reuid', `${user.uid}`, '--regid', `${user.gid}`, '--clear-groups']
  return {
    user,
    prefix: [setpriv, '--securebits', '+no_setuid_fixup', ...identity, ...capability, '--'],
  }
}

/** Program and arguments as they are to be spawned, and the user to spawn them under. */
export function commandAs(
  { user, prefix }: Account,
  program: string,
  args: readonly string[],
): { file: string; args: string[]; identity: User | object } {
  const [file = program, ...rest] = [...prefix, program, ...args]
  return { file, args: rest, identity: prefix.length === 0 && user !== null ? user : {} }
}

async function ownerOf(folder: string): Promise<User | null> {
  try {
    const { uid, gid } = await stat(folder)
    return uid === 0 ? null : { uid, gid }
  } catch {
    return null // it is not there yet: the first start
  }
}

async function userNamed(...names: string[]): Promise<User | null> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'))
  for (const name of names) {
    const found = lines.find(([user]) => user === name)
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) }
  }
  return null
}

/** The first folder on the way from `/` to `path` that `user` cannot pass. */
async function closedFolder(path: string, { uid, gid }: User): Promise<string | null> {
  const folders: string[] = []
  for (let folder = await nearest(path); ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (folder === dirname(folder)) break
  }
  for (const folder of folders) {
    const found = await stat(folder)
    const passes = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
    if ((found.mode & passes) === 0) return folder
  }
  return null
}

/** The path without links, as far as it is there already. */
async function nearest(path: string): Promise<string> {
  return realpath(path).catch(() => nearest(dirname(path)))
}

async function findProgram(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name)
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return file
  }
  return null
}
