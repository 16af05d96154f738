import type { FastifyInstance } from 'fastify'

/** Answers which methods a path knows; none when there is no such path. */
export type KnownPaths = (path: string) => readonly string[]

/** Collects the routes of an app as they are added: call it before them. */
export function collectPaths(app: FastifyInstance): KnownPaths {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set(['OPTIONS']) }
    for (const each of [method].flat()) route.methods.add(each)
    routes.set(url, route)
  })

  return path => {
    const methods = new Set<string>()
    for (const route of routes.values())
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method)
    return [...methods].sort()
  }
}

/** `/jobs/:jobId/cancel` and `/static/*` as a regular expression. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map(part => {
    if (part === '*') return '.*'
    if (part.startsWith(':')) return '[^/]+'
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('/')}$`)
}
