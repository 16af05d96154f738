import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Body, eventually } from './api.ts'
import { aHome, type ServiceName } from './cronos-process.ts'
import { type CurlCall, curlCalls } from './curl-calls.ts'

/*
 * The calls of docs/walk-through.md, one after the other, as a newcomer pastes them.
 */

const home = await aHome()
after(() => home[Symbol.asyncDispose]())
const cronos = await home.start()
const [signUp, signIn, immediate, scheduled, recurring, list, mails, runs, run, artifact] =
  await curlCalls()

/** What stands for a word in angle brackets. */
const values: Record<string, string> = {}
const ids: Record<string, string> = {}

/** Sends a call to where the service is in this test. */
async function paste(call: CurlCall | undefined): Promise<Response> {
  const { url, headers, body } = call!
  const service = url.pathname.split('/')[1] as ServiceName
  const fill = (text: string) => text.replace(/<(\w+)>/g, (_, word) => values[word]!)
  const path = fill(decodeURI(url.pathname))
  const filled = Object.entries(headers).map(([name, value]) => [name, fill(value)])
  return fetch(`${cronos.origin[service]}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: Object.fromEntries(filled),
    ...(body === undefined ? {} : { body }),
  })
}

async function answerTo(call: CurlCall | undefined, status = 200): Promise<Body> {
  const response = await paste(call)
  const answer = await response.json()
  assert.equal(response.status, status, JSON.stringify(answer))
  return answer
}

test('alice signs up', async () => {
  assert.deepEqual(await answerTo(signUp), {
    status: 'SUCCESS',
    message: 'User registered successfully',
    data: { username: 'alice', email: 'alice@example.com' },
  })
})

test('she signs in', async () => {
  const { token, tokenType } = await answerTo(signIn)
  assert.equal(tokenType, 'Bearer')
  values['JWT_TOKEN'] = token
})

test('she asks for three jobs', async () => {
  for (const [name, call] of Object.entries({ immediate, scheduled, recurring })) {
    const { jobId, status } = await answerTo(call, 201)
    assert.equal(status, 'SCHEDULED')
    ids[name] = jobId
  }
})

test('the one-time jobs are COMPLETED, the recurring one is SCHEDULED on the grid', async () => {
  const isDone = (jobs: Body[]) => jobs.filter(job => job.status === 'COMPLETED').length === 2
  const jobs: Body[] = await eventually(() => answerTo(list), isDone)
  assert.deepEqual(
    jobs.map(job => job.jobId),
    [ids['recurring'], ids['scheduled'], ids['immediate']],
  )
  const next = new Date(jobs[0].nextRunAt)
  assert.equal(jobs[0].status, 'SCHEDULED')
  assert.equal(next.getTime() % 120_000, 0)
})

test('both mails were caught, and go to her', async () => {
  const caught: Body[] = await answerTo(mails)
  assert.deepEqual(
    caught.map(mail => mail.to),
    [['alice@example.com'], ['alice@example.com']],
  )
})

test('the first report is there within two minutes', async () => {
  values['JOB_ID'] = ids['recurring']!
  const isDone = (found: Body[]) => found.some(each => each.status === 'SUCCEEDED')
  const found: Body[] = await eventually(() => answerTo(runs), isDone)
  const first = found.find(each => each.status === 'SUCCEEDED')
  const instants = [first.scheduledAt, first.claimedAt, first.publishedAt, first.startedAt]
  assert.deepEqual(instants, instants.toSorted())
  for (const at of instants) assert.match(at, /^\d{4}-.*Z$/)
  values['RUN_ID'] = first.runId
  const { artifacts } = await answerTo(run)
  const names = artifacts.map((each: Body) => each.name)
  assert.deepEqual(names.toSorted(), ['report.pdf', 'runs.csv'])
  const pdf = Buffer.from(await (await paste(artifact)).arrayBuffer())
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
})
