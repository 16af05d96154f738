import { CronosError } from '@cronos/contract'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import type { Caller, Refused, ServiceCaller, TokenReader } from '../tokens.ts'

/** Who may use a route. Each route of a service says it, in its `config`. */
export type Access =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'user'; readonly scope: string }
  | { readonly kind: 'service'; readonly scope: string }

/** No token is asked for. */
export const anyone: Access = { kind: 'anyone' }

/** An access token with this scope; the route finds `request.caller`. */
export function userWith(scope: string): Access {
  return { kind: 'user', scope }
}

/** A service token for this service with this scope; the route finds `request.serviceCaller`. */
export function serviceWith(scope: string): Access {
  return { kind: 'service', scope }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. */
    access?: Access
  }
  interface FastifyRequest {
    /** Who asks. Only on routes with `access: userWith(…)`. */
    caller: Caller
    /** Which service asks. Only on routes with `access: serviceWith(…)`. */
    serviceCaller: ServiceCaller
  }
}

/**
 * Lets a request pass that carries the right token, before its body is read.
 *
 * @param audience the name of this service, as service tokens say it
 */
export function guardFor(
  access: Exclude<Access, { kind: 'anyone' }>,
  tokens: TokenReader,
  audience: string,
): onRequestAsyncHookHandler {
  return async request => {
    const token = bearerOf(request)
    if (access.kind === 'user') {
      const caller = accepted(tokens.readAccess(token))
      requireScope(caller.scopes, access.scope)
      request.caller = caller
    } else {
      const caller = accepted(tokens.readService(token, audience))
      requireScope(caller.scopes, access.scope)
      request.serviceCaller = caller
    }
  }
}

/** `Bearer`, in any letter case, one or more spaces, the token. */
function bearerOf(request: FastifyRequest): string {
  const { authorization } = request.headers
  const message = 'Authorization must be provided as Bearer, a space and a token'
  if (authorization === undefined) throw new CronosError('TOKEN_REQUIRED', message)
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  if (token === undefined) throw new CronosError('TOKEN_INVALID', message)
  return token
}

function accepted<Who>(read: Who | Refused): Who {
  if (read === 'expired') throw new CronosError('TOKEN_EXPIRED', 'the token has expired')
  if (read === 'invalid') throw new CronosError('TOKEN_INVALID', 'the token is not valid here')
  return read as Exclude<Who, Refused>
}

function requireScope(scopes: readonly string[], scope: string): void {
  if (!scopes.includes(scope))
    throw new CronosError('SCOPE_MISSING', `the token must have the scope ${scope}`)
}
