import type { TSchema } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'

/** The keywords of JSON Schema that a message can speak of. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly format?: string
  readonly pattern?: string
  readonly writeOnly?: boolean
}

/**
 * One sentence for the first thing that is wrong: it names the field, says what would be right and,
 * unless the field is a secret (`writeOnly`), what came instead.
 *
 * @param whole what the value as a whole is called, such as `the body`
 * @param within stands before the names of its fields, such as `jobs[17].`
 */
export function explain(
  schema: TSchema,
  value: unknown,
  errors: readonly TLocalizedValidationError[],
  whole: string,
  within = '',
): string {
  const first = errors[0]
  if (first === undefined) return `${whole} must be ${expected(schema as Schema)}`
  // That a value is of no branch of a union is told as what is wrong with the union.
  const error =
    errors.find(each => each.keyword === 'anyOf' && each.instancePath === first.instancePath) ??
    first
  const path = pathOf(error)
  const name = path.length === 0 ? whole : within + nameOf(path)
  const field = path.reduce<Schema | undefined>((at, key) => memberOf(at, key), schema as Schema)
  const got = path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    value,
  )
  if (path.length > 0 && (got === undefined || got === null)) return `${name} must be provided`
  if (typeof got === 'string' && got.trim() === '' && asksForText(field))
    return `${name} must not be blank`
  const shown = field?.writeOnly === true ? '' : show(got, field)
  return `${name} must be ${expected(field ?? {})}${shown}`
}

/** Whether blank text is what is wrong: text is asked for, or in a union text that is not blank. */
function asksForText(schema: Schema | undefined): boolean {
  if (schema?.type === 'string') return true
  return schema?.anyOf?.some(({ type, pattern }) => type === 'string' && pattern === '\\S') ?? false
}

function isList(schema: Schema | undefined): boolean {
  return schema?.type === 'array' || (schema?.anyOf?.some(({ type }) => type === 'array') ?? false)
}

/** The schema of a field or entry, in whichever branch of a union it stands. */
function memberOf(schema: Schema | undefined, key: string): Schema | undefined {
  const own = schema?.properties?.[key] ?? schema?.items
  if (own !== undefined) return own
  return schema?.anyOf?.map(branch => memberOf(branch, key)).find(found => found !== undefined)
}

function pathOf(error: TLocalizedValidationError): string[] {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return error.keyword === 'required' ? [...path, error.params.requiredProperties[0]!] : path
}

function nameOf(path: readonly string[]): string {
  return path.reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : `${name}.${part}`))
}

/** What the schema asks for, as the end of a sentence that begins with "… must be". */
function expected(schema: Schema): string {
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum) return `one of ${schema.enum.join(', ')}`
  if (schema.anyOf) {
    const branches = schema.anyOf.filter(branch => branch.type !== 'null')
    const names = [...new Set(branches.map(expected))]
    const isChoice = branches.length > 1 && branches.every(branch => branch.const !== undefined)
    return isChoice ? `one of ${names.join(', ')}` : names.join(' or ')
  }
  switch (schema.type) {
    case 'string': {
      if (schema.format === 'date-time') return 'an instant such as 2026-11-23T20:44:00Z'
      const { minLength = 0, maxLength } = schema
      if (maxLength === undefined)
        return minLength > 1 ? `text of at least ${minLength} characters` : 'text'
      return minLength > 1
        ? `text of ${minLength} to ${maxLength} characters`
        : `text of at most ${maxLength} characters`
    }
    case 'integer':
      return `a whole number${range(schema.minimum, schema.maximum)}`
    case 'number':
      return `a number${range(schema.minimum, schema.maximum)}`
    case 'boolean':
      return 'true or false'
    case 'array': {
      const { minItems, maxItems } = schema
      const counted = minItems !== undefined || maxItems !== undefined
      return counted ? `a list of ${span(minItems ?? 0, maxItems)} entries` : 'a list'
    }
    case 'object':
      return 'a JSON object'
    default:
      return 'of another kind'
  }
}

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` of ${min} or more`
  return max === undefined ? '' : ` of at most ${max}`
}

function span(min: number, max: number | undefined): string {
  return max === undefined ? `${min} or more` : `${min} to ${max}`
}

/** Only plain values are shown, and the beginning of a long text; of a list its length, if bound. */
function show(value: unknown, field: Schema | undefined): string {
  if (typeof value === 'number' || typeof value === 'boolean') return `, got ${value}`
  if (Array.isArray(value)) return isList(field) ? `, got ${value.length}` : ', got a list'
  if (typeof value === 'object' && value !== null) return ', got an object'
  if (typeof value !== 'string') return ''
  return `, got ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`
}
