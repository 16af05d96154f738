import type { Logger } from 'pino'
import type { Check } from './health.ts'
import { type HttpService, startHttpService } from './http-service.ts'
import type { StartedService } from './started-service.ts'

/** A part of a service that works without being asked over HTTP. */
export interface Worker extends StartedService {
  isWorking(): boolean
}

export interface WorkerServiceOptions {
  readonly name: string
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly log: Logger
  readonly isTransient: (error: unknown) => boolean
  /** What the worker needs beside itself, by name; `/health` asks them all. */
  readonly checks?: Readonly<Record<string, Check>>
  /** Starts the worker; tried until it succeeds, while the service answers that it is DOWN. */
  readonly start: () => Promise<Worker>
}

/**
 * Starts a service whose work is done by a worker. Over HTTP it answers for its health, and nothing
 * else. Disposing of it stops the worker.
 *
 * @throws when the port cannot be listened on
 */
export async function startWorkerService(options: WorkerServiceOptions): Promise<HttpService> {
  const { name, host, port, log, isTransient } = options
  let worker: Worker | undefined
  const http = await startHttpService({
    ...{ name, host, port, log, isTransient },
    errors: 'timed',
    checks: {
      ...options.checks,
      async worker() {
        if (!worker?.isWorking()) throw new Error(`${name} is not doing its work`)
      },
    },
    async prepare() {
      worker = await options.start()
    },
  })
  const whileWorking = http.ready.then(
    () => worker?.done,
    () => http.done,
  )
  const done = Promise.race([http.done, whileWorking])
  done.catch(() => {}) // `done` still rejects for its owner; Node only learns that it has one
  return {
    ...http,
    done,
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]()
      await http.ready.catch(() => {}) // a start that was under way has come to its end
      await worker?.[Symbol.asyncDispose]()
    },
  }
}
