import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'

/** More unknown fields than these are not listed, nor more of a name than that. */
const MAX_WARNINGS = 20
const MAX_NAME = 60

/** The keywords of JSON Schema that name fields. */
interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/**
 * Lists the unknown fields of a body in the `warnings` of an answer that is an object, so that a
 * typo does not vanish. Only objects whose schema names its fields are looked at.
 */
export function warnOfUnknownFields(app: FastifyInstance): void {
  app.addHook('preSerialization', async (request, reply, answer) => {
    if (reply.statusCode >= 400 || !isRecord(answer)) return answer
    return withWarnings(request, answer)
  })
}

/** The answer as it goes out: with what is to be said of the request's unknown fields. */
export function withWarnings(
  request: FastifyRequest,
  answer: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const schema = request.routeOptions.schema?.body as TSchema | undefined
  if (schema === undefined) return answer
  const unknown = unknownFields(schema, request.body, MAX_WARNINGS)
  if (unknown.length === 0) return answer
  const own = Array.isArray(answer['warnings']) ? answer['warnings'] : []
  const told = warnsWithCodes(request)
    ? unknown.map(message => ({ code: 'UNKNOWN_FIELD', message }))
    : unknown
  return { ...answer, warnings: [...told, ...own] }
}

/**
 * What there is to say of fields that the schema of a value does not know, in objects within it
 * too; not of lists, whose entries the route looks at if anybody does.
 *
 * @param within stands before each name, such as `jobs[17].`
 */
export function unknownFields(
  schema: TSchema,
  value: unknown,
  limit: number,
  within = '',
): string[] {
  const known = fieldsOf(schema as Schema)
  if (known === undefined || !isRecord(value)) return []
  const told: string[] = []
  for (const [name, child] of Object.entries(value)) {
    if (told.length >= limit) break
    const shown = within + (name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name)
    if (!Object.hasOwn(known, name))
      told.push(`${shown} is not a field of this request and was ignored`)
    else
      told.push(...unknownFields(known[name] as TSchema, child, limit - told.length, `${shown}.`))
  }
  return told
}

/** The fields of an object that has names for them, in whichever branch of a union it stands. */
function fieldsOf({ properties = {}, anyOf = [] }: Schema): Schema['properties'] {
  if (Object.keys(properties).length > 0) return properties
  return anyOf.map(fieldsOf).find(found => found !== undefined)
}

/** Some answers have warnings of their own that a program tells apart by their codes. */
function warnsWithCodes({ routeOptions }: FastifyRequest): boolean {
  const answers = routeOptions.schema?.response as Readonly<Record<number, Schema>> | undefined
  return answers?.[200]?.properties?.['warnings']?.items?.type === 'object'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
