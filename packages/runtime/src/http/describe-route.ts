import { type ErrorStyle, NamedError, TimedError } from '@cronos/contract'
import type { FastifySchema, RouteOptions } from 'fastify'
import { type TSchema, Type } from 'typebox'

const IdempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description: 'For 24 hours, the same request with the same key is answered with the same',
    }),
  ),
})

/**
 * Adds to a route's schema what follows from who may use it: its lock, its refusals, and the key
 * that it may be asked again with.
 */
export function describeRoute(
  route: RouteOptions,
  style: ErrorStyle,
  isRepeatable: boolean,
): FastifySchema {
  const schema: FastifySchema = route.schema ?? {}
  const body = style === 'named' ? NamedError : TimedError
  const access = route.config?.access?.kind ?? 'anyone'
  const refusals: Record<number, TSchema> = {
    400: { ...body, description: 'The request is wrong; the message names the field' } as TSchema,
    503: { ...body, description: 'Not available now; Retry-After says when' } as TSchema,
  }
  if (access !== 'anyone') {
    refusals[401] = { ...body, description: 'No good token' } as TSchema
    refusals[403] = { ...body, description: 'The token lacks the scope' } as TSchema
  }
  if (route.url.includes(':'))
    refusals[404] = { ...body, description: 'There is nothing by that name' } as TSchema
  if (schema.body !== undefined) {
    refusals[413] = { ...body, description: 'The body is too large' } as TSchema
    refusals[415] = { ...body, description: 'The body is not JSON by its type' } as TSchema
  }
  if (declares(schema.headers, 'if-match'))
    refusals[412] = { ...body, description: 'If-Match names another version' } as TSchema
  if (isRepeatable) {
    refusals[409] = { ...body, description: 'The first request is under way' } as TSchema
    refusals[422] = { ...body, description: 'The key came with another request' } as TSchema
  }
  const response = { ...refusals, ...(schema.response as object) }
  return {
    ...schema,
    response,
    ...(isRepeatable ? { headers: IdempotencyKey } : {}),
    ...(access === 'anyone' ? {} : { security: [{ bearer: [] }] }),
  }
}

function declares(schema: unknown, name: string): boolean {
  const { properties = {} } = (schema ?? {}) as { properties?: object }
  return Object.hasOwn(properties, name)
}
