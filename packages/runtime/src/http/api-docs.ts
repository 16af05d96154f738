import { type ErrorStyle, NamedError, TimedError } from '@cronos/contract'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { type TSchema, Type } from 'typebox'

/** What an API is called in its OpenAPI document. */
export interface ApiTitle {
  readonly title: string
  readonly description: string
}

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="150" height="40">
  <circle cx="20" cy="20" r="14" fill="none" stroke="#fff" stroke-width="3"/>
  <path d="M20 11v9l6 5" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>
  <text x="44" y="28" fill="#fff" font-family="sans-serif" font-size="24" font-weight="600">Cronos</text>
</svg>`

/**
 * Serves the OpenAPI 3.1 document, made of the schemas that check requests, at
 * `<path>/openapi.json`, and a page to read it at `<path>/docs`. Call it before the routes.
 */
export async function serveApiDocs(
  app: FastifyInstance,
  path: string,
  { title, description }: ApiTitle,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version: '1' },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: `${path}/docs`,
    uiConfig: { validatorUrl: null, persistAuthorization: false },
    logo: { type: 'image/svg+xml', content: Buffer.from(LOGO), target: '_self' },
    theme: { title },
  })
  app.get(`${path}/openapi.json`, { schema: { hide: true } }, async () => app.swagger())
}

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
