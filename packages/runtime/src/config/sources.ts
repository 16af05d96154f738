import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'dot-properties'

/** Where values come from. Later sources win over earlier ones. */
export interface Source {
  /** Named in messages: a path, or `environment`. */
  readonly name: string
  /** Keys are property names, or names of variables. */
  readonly style: 'properties' | 'environment'
  readonly values: ReadonlyMap<string, string>
  /** What was wrong with the source itself. */
  readonly problems: readonly string[]
}

/** Values that a program brings itself, to lay under or over the others. */
export function givenValues(name: string, values: Readonly<Record<string, string>>): Source {
  return { name, style: 'properties', values: new Map(Object.entries(values)), problems: [] }
}

/**
 * The sources of a service, weakest first: `service.properties`, `secrets.properties`, environment.
 * A file that is not there says nothing, unless `CRONOS_SECRETS_FILE` names it.
 *
 * @param env `CRONOS_CONFIG_DIR` names the folder of the two files (default `/etc`),
 *   `CRONOS_SECRETS_FILE` the second alone
 */
export function readSources(env: NodeJS.ProcessEnv): Source[] {
  const folder = env['CRONOS_CONFIG_DIR'] || '/etc'
  const secretsFile = env['CRONOS_SECRETS_FILE']
  return [
    readProperties(join(folder, 'service.properties'), false),
    readProperties(secretsFile || join(folder, 'secrets.properties'), Boolean(secretsFile)),
    readEnvironment(env),
  ]
}

/**
 * @param mustExist whether a file that is not there is a mistake, or says nothing
 */
export function readProperties(path: string, mustExist: boolean): Source {
  const values = new Map<string, string>()
  const problems: string[] = []
  try {
    const lines = parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
    for (const [key, value] of Object.entries(lines)) values.set(key, String(value))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' || mustExist) problems.push(`${path} cannot be read: ${message}`)
  }
  return { name: path, style: 'properties', values, problems }
}

/** `SECRETS_…_FILE` names a file that holds the secret, as container platforms hand them over. */
function readEnvironment(env: NodeJS.ProcessEnv): Source {
  const values = new Map<string, string>()
  const problems: string[] = []
  for (const [name, value = ''] of Object.entries(env)) {
    const secret = /^(SECRETS_.+)_FILE$/.exec(name)?.[1]
    if (secret === undefined) values.set(name, value)
    else if (value === '') continue
    else if (env[secret]) problems.push(`${secret} and ${name} must not both be given`)
    else {
      try {
        values.set(secret, readFileSync(value, 'utf8').replace(/\r?\n$/, ''))
      } catch (error) {
        problems.push(`${name}: ${value} cannot be read: ${(error as Error).message}`)
      }
    }
  }
  return { name: 'environment', style: 'environment', values, problems }
}
