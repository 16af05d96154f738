import type { ValueType } from './values.ts'

/** One key of the configuration, declared once. */
export interface Setting<T> {
  readonly kind: 'setting'
  /** As it stands in the properties files; `environmentName` says the variable's name. */
  readonly key: string
  readonly type: ValueType<T>
  /** As it would stand in a file. Without one the key is required, unless it is `optional`. */
  readonly default: string | undefined
  readonly optional: boolean
  /** One sentence for operators: what the value does. */
  readonly meaning: string
  /** Shown to whoever left the key out. */
  readonly example: string | undefined
}

export interface Described {
  readonly meaning: string
  readonly example?: string
}

/** Declares a key that is required, or has a default. */
export function setting<T>(
  key: string,
  type: ValueType<T>,
  about: Described & { readonly default?: string },
): Setting<T> {
  const { default: fallback, meaning, example } = about
  if (fallback !== undefined && type.read(fallback) === undefined)
    throw new TypeError(`the default of ${key} must be ${type.expects}, got ${fallback}`)
  return { kind: 'setting', key, type, default: fallback, optional: false, meaning, example }
}

/** Declares a key that may be left out: its value is then undefined. */
export function optional<T>(
  key: string,
  type: ValueType<T>,
  about: Described,
): Setting<T | undefined> {
  const { meaning, example } = about
  return { kind: 'setting', key, type, default: undefined, optional: true, meaning, example }
}

/** Keys that differ in one part, such as `configs.auth.policy.services.<audience>.scopes`. */
export interface Family<Fields> {
  readonly kind: 'family'
  /** What stands before the part that differs, with the dot at its end. */
  readonly prefix: string
  /** What the part that differs is called in the documentation, such as `audience`. */
  readonly member: string
  /** What stands after it, each with its type. Who gives one field must give them all. */
  readonly fields: { readonly [Field in keyof Fields]: ValueType<Fields[Field]> }
  /** The member's name where only an environment variable names it. */
  nameOf(environmentPart: string): string
  readonly meaning: string
}

/**
 * Declares a family of keys. Its value is a map from member to fields, empty when none is given.
 *
 * @param pattern `prefix.<member>`
 */
export function family<Fields>(
  pattern: string,
  fields: { readonly [Field in keyof Fields]: ValueType<Fields[Field]> },
  about: { readonly meaning: string; nameOf(environmentPart: string): string },
): Family<Fields> {
  const found = /^(.+\.)<(\w+)>$/.exec(pattern)
  if (!found) throw new TypeError(`a family's pattern must end in .<member>, got ${pattern}`)
  return { kind: 'family', prefix: found[1]!, member: found[2]!, fields, ...about }
}

/** Settings in groups, as deep as a service likes: its config has the same shape. */
export interface Declaration {
  readonly [name: string]: Setting<unknown> | Family<Record<string, unknown>> | Declaration
}

/** What loading a declaration answers. */
export type Config<D> =
  D extends Setting<infer T>
    ? T
    : D extends Family<infer Fields>
      ? ReadonlyMap<string, Readonly<Fields>>
      : { readonly [Name in keyof D]: Config<D[Name]> }

/** All settings and families of a declaration, in the order in which they are declared. */
export function* settingsOf(
  declaration: Declaration,
): Generator<Setting<unknown> | Family<Record<string, unknown>>> {
  for (const entry of Object.values(declaration)) {
    if (isDeclaration(entry)) yield* settingsOf(entry)
    else yield entry as Setting<unknown> | Family<Record<string, unknown>>
  }
}

export function isDeclaration(
  entry: Setting<unknown> | Family<Record<string, unknown>> | Declaration,
): entry is Declaration {
  return entry['kind'] !== 'setting' && entry['kind'] !== 'family'
}

/** Secrets are never shown, neither in a message nor in the documentation. */
export function isSecretKey(key: string): boolean {
  return key.startsWith('secrets.')
}

/** The variable that sets a key: upper case, every other character an underscore. */
export function environmentName(key: string): string {
  return key.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}
