import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

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
