import { CronosError } from '@cronos/contract'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import Schema from 'typebox/schema'
import { explain } from './explain.ts'
import { findUnstorableText } from './storable.ts'

const WHOLE_NAMES: Readonly<Record<string, string>> = {
  body: 'the body',
  querystring: 'the query',
  params: 'the path',
  headers: 'the headers',
}

/**
 * Checks the parts of a request against their schemas. Bodies are taken as they are, never
 * converted; a query's values are text and read as what their schema says, strictly. Nothing that
 * is stored has a name which could not be, so there is nothing at such a path.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const compiled = Schema.Compile(schema)
  const whole = WHOLE_NAMES[httpPart] ?? httpPart
  return (sent: unknown) => {
    let value = sent
    if (httpPart === 'querystring') {
      const read = readQuery(schema, sent as Readonly<Record<string, unknown>>)
      if (read instanceof CronosError) return { error: read }
      value = read
    }
    if (httpPart === 'params' && Object.values(sent as object).some(isUnstorableText))
      return { error: new CronosError('PATH_NOT_FOUND', 'there is nothing at this path') }
    if (compiled.Check(value)) return { value }
    const message = explain(schema, value, compiled.Errors(value)[1], whole)
    return { error: new CronosError('INVALID_REQUEST', message) }
  }
}

/**
 * Checks all but the entries of lists, which the route checks by itself with `partChecker`: for
 * lists that are so long that other requests must have their turn in between.
 */
export const shapeCompiler: FastifySchemaCompiler<TSchema> = route => {
  const { properties = {} } = route.schema as { properties?: Record<string, { type?: string }> }
  const shapes = Object.entries(properties).map(([name, property]) => [
    name,
    property.type === 'array' ? { ...property, items: {} } : property,
  ])
  const schema = { ...route.schema, properties: Object.fromEntries(shapes) }
  return compileValidator({ ...route, schema })
}

/**
 * Checks values that are parts of a body, such as the entries of a list, against their schema.
 *
 * @returns a function of the value and what it is called, such as `jobs[17]`; it answers what is
 *   wrong in one sentence, or null when all is well
 */
export function partChecker(schema: TSchema): (value: unknown, name: string) => string | null {
  const compiled = Schema.Compile(schema)
  return (value, name) =>
    compiled.Check(value)
      ? null
      : explain(schema, value, compiled.Errors(value)[1], name, `${name}.`)
}

function isUnstorableText(value: unknown): boolean {
  return typeof value === 'string' && findUnstorableText(value) !== null
}

type Properties = Readonly<Record<string, { readonly type?: string; readonly default?: unknown }>>

/**
 * Keeps the parameters that the schema knows, numbers and truth values read from their text, and
 * fills in defaults. One that is a list may be given several times. Text that does not read stays text, for the schema to refuse.
 */
function readQuery(
  schema: TSchema,
  query: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | CronosError {
  const { properties = {} } = schema as { properties?: Properties }
  const values: Record<string, unknown> = {}
  for (const [name, { type, default: fallback }] of Object.entries(properties)) {
    const sent = query[name]
    if (sent === undefined) {
      if (fallback !== undefined) values[name] = fallback
      continue
    }
    const isList = type === 'array'
    if (!isList && typeof sent !== 'string')
      return new CronosError('INVALID_REQUEST', `${name} must be given once`)
    const texts = [sent].flat().map(String)
    const problem = texts.map(findUnstorableText).find(found => found !== null)
    if (problem !== undefined) return new CronosError('INVALID_REQUEST', `${name} ${problem}`)
    values[name] = isList ? texts : readText(texts[0]!, type)
  }
  return values
}

function readText(sent: string, type: string | undefined): unknown {
  if (type === 'integer') {
    const number = /^-?\d+$/.test(sent) ? Number(sent) : Number.NaN
    return Number.isSafeInteger(number) ? number : sent
  }
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(sent) ? Number(sent) : sent
  if (type === 'boolean') return sent === 'true' ? true : sent === 'false' ? false : sent
  return sent
}
