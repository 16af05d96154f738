import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fence, type UserId } from '@cronos/domain'
import { listArtifacts, putReportDefinition, readArtifact, sql } from '@cronos/store'
import { freshDatabase } from '@cronos/testkit'
import { extractText, getDocumentProxy } from 'unpdf'
import { startAttempt, unreachable } from '../../test/attempt.ts'
import { checkPayload } from '../registry.ts'
import type { TaskContext } from '../task.ts'
import { openTools } from '../tools.ts'
import generateReport from './generate-report.ts'

const database = await freshDatabase('jobs')
const db = database.pool('general')
const tools = openTools(db, unreachable)
after(async () => {
  await tools[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

type Payload = Parameters<typeof generateReport.run>[0]

let owners = 0
const someone = () => `owner${++owners}` as UserId

async function make(payload: Payload, context: TaskContext): Promise<Record<string, unknown>> {
  checkPayload(generateReport, payload)
  return (await generateReport.run(payload, context)) as Record<string, unknown>
}

async function read({ owner, jobId, scheduledAt }: TaskContext, name: string): Promise<Buffer> {
  const artifact = await readArtifact(db, owner, { jobId, scheduledAt }, name)
  return Buffer.from(artifact!.bytes)
}

async function readPdf(context: TaskContext): Promise<string> {
  const bytes = new Uint8Array(await read(context, 'report.pdf'))
  const { text } = await extractText(await getDocumentProxy(bytes), { mergePages: true })
  return text.replace(/\s+/g, ' ')
}

test('a report is kept with its run, as a PDF to look at and a CSV to work with', async () => {
  const context = await startAttempt(db, tools, { owner: someone() })
  const output = await make({ template: 'recurring job every 2 mins' }, context)
  assert.deepEqual(output['artifacts'], ['report.pdf', 'runs.csv'])
  const kept = await listArtifacts(db, context.owner, context)
  assert.deepEqual(
    kept.map(({ name, contentType }) => [name, contentType]),
    [
      ['report.pdf', 'application/pdf'],
      ['runs.csv', 'text/csv; charset=utf-8'],
    ],
  )
  assert.match(await readPdf(context), /^recurring job every 2 mins/)
  assert.match((await read(context, 'runs.csv')).toString(), /^\uFEFFrun_id,/)
})

test('a report tells of the owner’s runs of the last 24 hours before its fire time', async () => {
  const owner = someone()
  const early = await startAttempt(db, tools, { owner })
  await startAttempt(db, tools, { owner: someone() })
  await db.query(sql`
    update runs_live set scheduled_at = scheduled_at - interval '1 minute' where owner = ${owner}`)
  const context = await startAttempt(db, tools, { owner })
  const output = await make({ template: 'Daily' }, context)
  assert.deepEqual([output['runs'], output['csvRows'], output['csvCut']], [1, 1, false])
  const lines = (await read(context, 'runs.csv')).toString().trim().split('\r\n')
  assert.equal(lines.length, 2)
  assert.ok(lines[1]?.includes(early.jobId))
})

test('a stored definition gives title and period, the payload’s own period wins', async () => {
  const owner = someone()
  const definition = { title: 'Week in jobs', period: '7d' }
  await putReportDefinition(db, owner, { name: 'weekly', definition })
  const context = await startAttempt(db, tools, { owner })
  const lengthOf = ({ from, to }: Record<string, unknown>) =>
    (Date.parse(String(to)) - Date.parse(String(from))) / 3_600_000
  assert.equal(lengthOf(await make({ template: 'weekly' }, context)), 168)
  assert.match(await readPdf(context), /^Week in jobs/)
  assert.equal(lengthOf(await make({ template: 'weekly', period: '1h' }, context)), 1)
})

test('a definition that cannot be used is refused for good', async () => {
  const owner = someone()
  await putReportDefinition(db, owner, { name: 'odd', definition: { period: 7 } })
  const context = await startAttempt(db, tools, { owner })
  await assert.rejects(make({ template: 'odd' }, context), {
    name: 'PermanentError',
    message: /^payload\.template names a report definition that cannot be used: \/period/,
  })
})

test('an attempt that has lost its run leaves no report', async () => {
  const context = await startAttempt(db, tools, { owner: someone() })
  const late = { ...context, fence: fence(context.fence - 1) }
  await assert.rejects(make({ template: 'late' }, late), { name: 'FencedOutError' })
  assert.deepEqual(await listArtifacts(db, context.owner, context), [])
})

test('an attempt that is aborted leaves no report', async () => {
  const signal = AbortSignal.abort(new Error('time is up'))
  const context = await startAttempt(db, tools, { owner: someone(), signal })
  await assert.rejects(make({ template: 'late' }, context), /^Error: time is up$/)
  assert.deepEqual(await listArtifacts(db, context.owner, context), [])
})

test('a payload that cannot be reported on is refused for good, by its field', async () => {
  const context = await startAttempt(db, tools, { owner: someone() })
  const wrong: [Record<string, unknown>, string][] = [
    [{}, 'template'],
    [{ template: '' }, 'template'],
    [{ template: 'x', period: 7 }, 'period'],
    [{ template: 'x', period: 'a week' }, 'period'],
    [{ template: 'x', from: 'yesterday' }, 'from'],
    [{ template: 'x', to: 0 }, 'to'],
  ]
  for (const [payload, field] of wrong)
    await assert.rejects(make(payload as Payload, context), {
      name: 'PermanentError',
      message: new RegExp(`^payload\\.${field} must`),
    })
})
