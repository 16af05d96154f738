import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '@cronos/store'
import { startTestedService } from './job-service.ts'

/*
 * Requests that belong to a trace: what is stored of it, for the events of the runs to carry.
 */

const service = await startTestedService()
after(() => service[Symbol.asyncDispose]())

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const immediate = {
  ...{ jobType: 'ONE_TIME', executionMode: 'IMMEDIATE' },
  payload: { task: 'send_email', template: 'hello' },
}

async function traceOf(jobId: string): Promise<string | null> {
  const { rows } = await service.db.query<{ traceparent: string | null }>(
    sql`select traceparent from runs_live where job_id = ${jobId.slice('job_'.length)}::uuid`,
  )
  return rows[0]!.traceparent
}

test('a job that is asked for within a trace keeps it for its run, with an idempotency key too', async () => {
  for (const headers of [{ traceparent }, { traceparent, 'idempotency-key': 'traced' }]) {
    const { status, json } = await service.post('/jobs', immediate, { headers })
    assert.equal(status, 201)
    assert.equal(await traceOf(json.jobId), traceparent)
  }
})

test('so do all jobs of a bulk', async () => {
  const asked = { headers: { traceparent } }
  const { json } = await service.post('/jobs/bulk', { jobs: [immediate, immediate] }, asked)
  for (const { jobId } of json.jobs) assert.equal(await traceOf(jobId), traceparent)
})

test('without a trace, or with a header that is none, there is nothing to keep', async () => {
  for (const headers of [{}, { traceparent: 'none' }]) {
    const { status, json } = await service.post('/jobs', immediate, { headers })
    assert.equal(status, 201)
    assert.equal(await traceOf(json.jobId), null)
  }
})
