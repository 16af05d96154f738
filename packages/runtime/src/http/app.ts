import { CronosError, type ErrorStyle } from '@cronos/contract'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import type { Logger } from 'pino'
import type { HealthReport } from '../health.ts'
import type { TokenReader } from '../tokens.ts'
import { answerError } from './answer-error.ts'
import type { ApiTitle } from './api-docs.ts'
import { describeRoute } from './describe-route.ts'
import { guardFor } from './guard.ts'
import { addHealthRoutes } from './health-routes.ts'
import { readJsonBodies } from './json-body.ts'
import { collectPaths } from './known-paths.ts'
import { answerMalformed } from './malformed.ts'
import { type AnswerMemory, answerRepeats, isRepeatable } from './repeats.ts'
import { compileValidator } from './validate.ts'
import { warnOfUnknownFields } from './warnings.ts'

/** What a service adds its routes to: TypeBox schemas give requests and answers their types. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface HttpAppOptions {
  /** `job-service`: the path that everything lies below, and the audience of service tokens. */
  readonly name: string
  readonly errors: ErrorStyle
  readonly log: Logger
  /** Needed where a route asks for a token. */
  readonly tokens?: TokenReader
  readonly isTransient: (error: unknown) => boolean
  readonly health: () => Promise<HealthReport>
  /** Until then every route but health and documentation answers 503. */
  readonly isReady: () => boolean
  /** Whether this peer's `X-Forwarded-For` is believed; nobody's unless told. */
  readonly trusts?: (address: string) => boolean
  /** The largest body, in bytes; 64 KiB unless told. */
  readonly bodyLimit?: number
  /** Without one there is no OpenAPI document: the service has nothing but its health. */
  readonly api?: ApiTitle
  /** Lets the POST routes of users be asked again with the same `Idempotency-Key`. */
  readonly answers?: AnswerMemory
  /** Adds the routes, each with `config: { access }`; their paths stand below `/<name>`. */
  readonly routes?: (app: HttpApp) => void
}

/**
 * Builds the HTTP side of a service. A request that is wrong in several ways is answered by the
 * first of: 404 (path), 405, 401, 403, 413, 415, 400; the rest is the route's. Path and method are
 * settled, and tokens read, before the body is.
 */
export async function buildHttpApp(options: HttpAppOptions): Promise<FastifyInstance> {
  const { name, errors: style, log, isTransient, bodyLimit = 65_536, api, routes } = options
  const answers = { style, isTransient }
  const app: FastifyInstance = Fastify({
    loggerInstance: quieter(log) as FastifyBaseLogger,
    // A logger for each request costs more than reading it does; who traces requests wants their ids.
    childLoggerFactory: (logger, bindings, options) =>
      log.isLevelEnabled('debug') ? logger.child(bindings, options) : logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    trustProxy: options.trusts ?? false,
    requestTimeout: 30_000,
    return503OnClosing: false, // what is already on its way is still answered
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: answerMalformed(style),
    frameworkErrors: (error, request, reply) => answerError(answers, error, request, reply),
  })
  app.setErrorHandler((error, request, reply) => answerError(answers, error, request, reply))
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(() => JSON.stringify) // the types have checked what a route answers
  readJsonBodies(app)
  refuseUnknownPaths(app)
  warnOfUnknownFields(app)

  const path = `/${name}`
  // A service that has nothing but its health loads neither.
  if (routes !== undefined) await app.register(import('@fastify/rate-limit'), { global: false })
  if (api !== undefined) await (await import('./api-docs.ts')).serveApiDocs(app, path, api)
  addHealthRoutes(app, ['', path], options.health)
  if (routes !== undefined)
    await app.register(
      async scope => {
        guardRoutes(scope, options)
        if (options.answers !== undefined) answerRepeats(scope, options.answers)
        routes(scope.withTypeProvider<TypeBoxTypeProvider>())
      },
      { prefix: path },
    )
  await app.ready()
  return app
}

/** The framework's own lines repeat what a service says; from `debug` on they are wanted. */
function quieter(log: Logger): Logger {
  return log.child({}, { level: log.level === 'info' ? 'warn' : log.level })
}

function refuseUnknownPaths(app: FastifyInstance): void {
  const knownPaths = collectPaths(app)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (!request.is404) return
    const path = request.url.split('?', 1)[0]!
    const methods = knownPaths(path)
    if (methods.length === 0)
      throw new CronosError('PATH_NOT_FOUND', `there is nothing at ${path.slice(0, 200)}`)
    const allow = methods.join(', ')
    reply.header('allow', allow)
    if (request.method === 'OPTIONS') return reply.code(204).send()
    const message = `${request.method} is not possible here, only ${allow}`
    throw new CronosError('METHOD_NOT_ALLOWED', message)
  })
}

/** Gives each route its guard; a route that does not say who may use it is a bug. */
function guardRoutes(app: FastifyInstance, options: HttpAppOptions): void {
  const { name, errors, tokens, isReady, answers } = options
  app.addHook('onRoute', route => {
    const access = route.config?.access
    if (access === undefined) throw new TypeError(`${route.url} must say who may use it`)
    const hooks = [route.onRequest ?? []].flat()
    if (access.kind !== 'anyone') {
      if (tokens === undefined) throw new TypeError(`${route.url} needs a token reader`)
      hooks.unshift(guardFor(access, tokens, name))
    }
    hooks.unshift(async () => {
      if (!isReady()) throw new CronosError('STARTING', 'Cronos is starting, try again soon')
    })
    route.onRequest = hooks
    route.schema = describeRoute(route, errors, answers !== undefined && isRepeatable(route))
  })
}
