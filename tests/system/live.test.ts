import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { follow } from '../contract/event-reader.ts'
import { anImmediateMail, ask, jobsUrl, signIn, signUp } from './api.ts'
import { aHome } from './cronos-process.ts'

/* What a person sees who follows a job in the all-in-one process, through its one origin. */

const home = await aHome()
after(() => home[Symbol.asyncDispose]())

test('a job is followed live to its log, and nobody who follows keeps Cronos from stopping', async () => {
  const cronos = await home.start()
  await signUp(cronos)
  const token = await signIn(cronos)
  const root = `${cronos.origin.gateway}/job-service/api/v1`
  const api = { root, tokenOf: () => token }
  using jobs = await follow(api, '/jobs/events')
  await jobs.until('ready')

  const { jobId } = await ask(jobsUrl(cronos), token, anImmediateMail)
  const { data } = await jobs.until('run.finished', run => run.jobId === jobId)
  assert.equal(data.status, 'SUCCEEDED')
  using run = await follow(api, `/runs/${data.runId}/events`)
  const [line, state, end] = await run.rest()
  assert.equal(line?.data.message, 'the mail was caught: no server is configured')
  assert.equal(state?.data.status, 'SUCCEEDED')
  assert.equal(end?.data.reason, 'finished')

  const unknown = { ...anImmediateMail, payload: { task: 'nobody_knows' } }
  const failing = await ask(jobsUrl(cronos), token, unknown)
  const failed = await jobs.until('run.finished', each => each.jobId === failing.jobId)
  const payload = anImmediateMail.payload
  const replay = await ask(`${root}/dead-letters/${failed.data.runId}/replay`, token, { payload })
  const mended = await jobs.until('run.finished', each => each.runId === replay.runId)
  assert.equal(mended.data.status, 'SUCCEEDED')
  assert.equal((await ask(`${root}/jobs/${failing.jobId}`, token)).status, 'COMPLETED')

  const ended = cronos.end('SIGTERM')
  assert.deepEqual((await jobs.until('end')).data, { reason: 'stopping' })
  assert.equal((await ended).code, 0)
})
