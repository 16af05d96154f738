import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { startWorkerService, type Worker, type WorkerServiceOptions } from './worker-service.ts'

class Away extends Error {}

function aWorker(): Worker & { works: boolean; stopped: boolean; breakDown(error: Error): void } {
  const { promise, reject } = Promise.withResolvers<void>()
  promise.catch(() => {})
  const worker = {
    name: 'digger',
    done: promise,
    works: true,
    stopped: false,
    breakDown: reject,
    isWorking: () => worker.works,
    async [Symbol.asyncDispose]() {
      worker.stopped = true
    },
  }
  return worker
}

const options: Omit<WorkerServiceOptions, 'start'> = {
  name: 'digger-service',
  host: '127.0.0.1',
  port: 0,
  log: pino({ level: 'silent' }),
  isTransient: error => error instanceof Away,
}

async function health(port: number): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${port}/digger-service/health`)
  return [response.status, await response.json()]
}

test('a service is UP while its worker does its work', async () => {
  const worker = aWorker()
  await using service = await startWorkerService({ ...options, start: async () => worker })
  await service.ready
  assert.deepEqual(await health(service.port), [200, { status: 'UP' }])
})

test('a service whose worker fails is DOWN', async () => {
  const worker = aWorker()
  worker.works = false
  await using service = await startWorkerService({ ...options, start: async () => worker })
  await service.ready
  assert.deepEqual(await health(service.port), [
    503,
    { status: 'DOWN', checks: { worker: 'DOWN' } },
  ])
})

test('a worker that cannot start yet is tried again', async () => {
  const worker = aWorker()
  let tries = 0
  const start = async () => {
    if (++tries < 3) throw new Away()
    return worker
  }
  await using service = await startWorkerService({ ...options, start })
  await service.ready
  assert.equal(tries, 3)
})

test('what breaks the worker breaks the service', async () => {
  const worker = aWorker()
  await using service = await startWorkerService({ ...options, start: async () => worker })
  await service.ready
  worker.breakDown(new Error('the shovel is gone'))
  await assert.rejects(service.done, /the shovel is gone/)
})

test('a worker that was still starting when the service was stopped is stopped too', async () => {
  const worker = aWorker()
  const started = Promise.withResolvers<Worker>()
  const service = await startWorkerService({ ...options, start: () => started.promise })
  const stopped = service[Symbol.asyncDispose]()
  started.resolve(worker)
  await stopped
  assert.equal(worker.stopped, true)
  await service.done
})
