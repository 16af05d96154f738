import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseRunId } from '@cronos/domain'
import type { Behaviour, Execution } from './checker/history.ts'

/** What the tasks call: it writes down each execution, and behaves as the job's URL says. */
export interface Receiver extends AsyncDisposable {
  /** The URL whose target behaves so. */
  urlOf(behaviour: Behaviour): string
  readonly executions: readonly Execution[]
}

type Open = { -readonly [Key in keyof Execution]: Execution[Key] }

export async function startReceiver(): Promise<Receiver> {
  const executions: Open[] = []
  const server = createServer((request, response) => receive(request, response, executions))
  server.keepAliveTimeout = 0
  server.listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    executions,
    urlOf: behaviour => `http://127.0.0.1:${port}/${pathOf(behaviour)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function pathOf(behaviour: Behaviour): string {
  switch (behaviour.kind) {
    case 'slow':
      return `slow/${behaviour.ms}`
    case 'flaky':
      return `flaky/${behaviour.failures}`
    default:
      return `${behaviour.kind}/0`
  }
}

function receive(request: IncomingMessage, response: ServerResponse, executions: Open[]): void {
  const run = parseRunId(textOf(request, 'cronos-run-id'))
  if (run === null) {
    response.writeHead(400).end()
    return
  }
  const attempt = Number(textOf(request, 'cronos-attempt'))
  const execution: Open = {
    ...{ ...run, attempt, fence: Number(textOf(request, 'cronos-fence')), begunAt: Date.now() },
    ...{ endedAt: null, answered: null },
  }
  executions.push(execution)
  response.on('finish', () => {
    execution.endedAt = Date.now()
    execution.answered = response.statusCode
  })
  request.resume()
  const [, kind, number] = (request.url ?? '').split('/')
  const answer = (status: number) => response.writeHead(status).end()
  if (kind === 'ok') answer(200)
  else if (kind === 'slow') setTimeout(() => answer(200), Number(number))
  else if (kind === 'flaky') answer(attempt <= Number(number) ? 503 : 200)
  else if (kind === 'broken') answer(400)
}

function textOf(request: IncomingMessage, header: string): string {
  return String(request.headers[header] ?? '')
}
