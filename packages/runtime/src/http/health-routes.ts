import type { FastifyInstance } from 'fastify'
import type { HealthReport } from '../health.ts'

/**
 * `/health` and `/health/ready` say whether the service can do its work now, `/health/live` whether
 * the process answers at all: restarting it would not bring back a database that is away.
 */
export function addHealthRoutes(
  app: FastifyInstance,
  paths: readonly string[],
  health: () => Promise<HealthReport>,
): void {
  for (const path of paths) {
    const schema = { hide: true }
    app.get(`${path}/health/live`, { schema }, async () => ({ status: 'UP' }))
    for (const url of [`${path}/health`, `${path}/health/ready`])
      app.get(url, { schema }, async (_request, reply) => {
        const report = await health()
        return reply.code(report.status === 'UP' ? 200 : 503).send(report)
      })
  }
}
