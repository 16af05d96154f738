import type { FastifyInstance, FastifyRequest } from 'fastify'

/** More unknown fields than these are not listed, nor more of a name than that. */
const MAX_WARNINGS = 20
const MAX_NAME = 60

/**
 * Lists the unknown top-level fields of a body in the `warnings` of an answer that is an object, so
 * that a typo does not vanish. Only bodies whose schema names its fields are looked at.
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
  const schema = request.routeOptions.schema?.body as { properties?: object } | undefined
  if (schema?.properties === undefined || !isRecord(request.body)) return answer
  const known = schema.properties
  const unknown = Object.keys(request.body).filter(name => !Object.hasOwn(known, name))
  if (unknown.length === 0) return answer
  const own = Array.isArray(answer['warnings']) ? answer['warnings'] : []
  const warnings = unknown.slice(0, MAX_WARNINGS).map(name => {
    const shown = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name
    return `${shown} is not a field of this request and was ignored`
  })
  return { ...answer, warnings: [...warnings, ...own] }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
