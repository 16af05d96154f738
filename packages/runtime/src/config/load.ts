import {
  type Config,
  type Declaration,
  environmentName,
  type Family,
  isDeclaration,
  isSecretKey,
  type Setting,
  settingsOf,
} from './setting.ts'
import type { Source } from './sources.ts'
import type { ValueType } from './values.ts'

/** The configuration cannot be used. Its message has one line for each mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Reads a declared configuration, checks it whole and freezes it. An empty value counts as not
 * given, so that an unset variable of a compose file leaves the default in place.
 *
 * @param sources weakest first
 * @throws {ConfigError} with all mistakes at once, each naming its key
 */
export function loadConfig<D extends Declaration>(
  declaration: D,
  sources: readonly Source[],
): Config<D> {
  const problems = sources.flatMap(source => source.problems)
  const config = readGroup(declaration, sources, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return config as Config<D>
}

function readGroup(group: Declaration, sources: readonly Source[], problems: string[]): unknown {
  const values = Object.entries(group).map(([name, entry]) => {
    if (isDeclaration(entry)) return [name, readGroup(entry, sources, problems)]
    return entry['kind'] === 'setting'
      ? [name, readSetting(entry as Setting<unknown>, sources, problems)]
      : [name, readFamily(entry as Family<Record<string, unknown>>, sources, problems)]
  })
  return Object.freeze(Object.fromEntries(values))
}

interface Found {
  readonly value: string
  readonly from: string
}

function find(key: string, sources: readonly Source[]): Found | null {
  for (const source of sources.toReversed()) {
    const name = source.style === 'environment' ? environmentName(key) : key
    const raw = source.values.get(name) ?? ''
    const value = isSecretKey(key) ? raw : raw.trim() // a secret's blanks belong to it
    if (raw.trim() !== '')
      return { value, from: source.style === 'environment' ? name : source.name }
  }
  return null
}

function readSetting(
  { key, type, default: fallback, optional, meaning, example }: Setting<unknown>,
  sources: readonly Source[],
  problems: string[],
): unknown {
  const found = find(key, sources)
  if (found !== null) return readValue(key, type, found, problems)
  if (fallback !== undefined) return type.read(fallback)
  if (!optional) {
    const hint = example === undefined ? '' : `, such as ${example}`
    problems.push(`${key} must be given (or ${environmentName(key)})${hint}: ${meaning}`)
  }
  return undefined
}

function readValue(
  key: string,
  type: ValueType<unknown>,
  { value, from }: Found,
  problems: string[],
): unknown {
  const read = type.read(value)
  const got = isSecretKey(key) ? `got ${Buffer.byteLength(value)} bytes` : `got ${value}`
  if (read === undefined) problems.push(`${key} must be ${type.expects}, ${got} (from ${from})`)
  return read
}

function readFamily(
  family: Family<Record<string, unknown>>,
  sources: readonly Source[],
  problems: string[],
): ReadonlyMap<string, unknown> {
  const members = new Map<string, unknown>()
  for (const member of membersOf(family, sources)) {
    const fields = Object.entries(family.fields).map(([field, type]) => {
      const key = `${family.prefix}${member}.${field}`
      const found = find(key, sources)
      if (found === null) problems.push(`${key} must be given, as its other fields are`)
      return [field, found && readValue(key, type, found, problems)]
    })
    members.set(member, Object.freeze(Object.fromEntries(fields)))
  }
  return members
}

/** A variable belongs to the member of the files that it spells, else it makes a new member. */
function membersOf(
  { prefix, fields, nameOf }: Family<Record<string, unknown>>,
  sources: readonly Source[],
): Iterable<string> {
  const byVariable = new Map<string, string>()
  const inOrder = [...sources].sort((a, b) => styleRank(a) - styleRank(b))
  for (const { style, values } of inOrder) {
    const spell = style === 'environment' ? environmentName : (name: string) => name
    for (const [name, value] of values) {
      const field = Object.keys(fields).find(each => name.endsWith(spell(`.${each}`)))
      if (field === undefined || !name.startsWith(spell(prefix)) || value.trim() === '') continue
      const part = name.slice(prefix.length, -field.length - 1)
      if (part === '') continue
      if (style === 'properties') byVariable.set(environmentName(part), part)
      else if (!byVariable.has(part)) byVariable.set(part, nameOf(part))
    }
  }
  return byVariable.values()
}

function styleRank({ style }: Source): number {
  return style === 'properties' ? 0 : 1
}

/**
 * What each key came to, for the log of a start: secrets print as `***`.
 */
export function describeConfig<D extends Declaration>(
  declaration: D,
  sources: readonly Source[],
): Record<string, string> {
  const lines: Record<string, string> = {}
  for (const entry of settingsOf(declaration)) {
    if (entry.kind === 'family') continue
    const value = find(entry.key, sources)?.value ?? entry.default
    if (value !== undefined) lines[entry.key] = isSecretKey(entry.key) ? '***' : value
  }
  return lines
}
