import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant, jobIdOf } from '@cronos/domain'
import type { RunLine } from '@cronos/store'
import { openRunTable } from './csv.ts'

const at = Date.UTC(2026, 10, 23, 20, 44)
const line: RunLine = {
  jobId: jobIdOf('01975d3a-8c1f-7a3b-9d00-0123456789ab'),
  task: 'send_email',
  jobType: 'ONE_TIME',
  scheduledAt: instant(at),
  startedAt: instant(at + 3),
  finishedAt: instant(at + 20),
  status: 'SUCCEEDED',
  reason: 'FIRE',
  attempt: 1,
  error: null,
}

const MANY = 1_000_000

function written(lines: readonly RunLine[], maxBytes = MANY): string[] {
  const table = openRunTable(maxBytes)
  table.add(lines)
  return Buffer.from(table.toBytes()).toString().split('\r\n')
}

test('a run is a line, with its names above', () => {
  assert.deepEqual(written([line]), [
    '\uFEFFrun_id,job_id,job_type,task,status,reason,scheduled_at,started_at,finished_at,duration_ms,attempt,error',
    `run_01975d3a-8c1f-7a3b-9d00-0123456789ab_${at},job_01975d3a-8c1f-7a3b-9d00-0123456789ab,ONE_TIME,send_email,SUCCEEDED,FIRE,2026-11-23T20:44:00.000Z,2026-11-23T20:44:00.003Z,2026-11-23T20:44:00.020Z,17,1,`,
    '',
  ])
})

test('what has not happened yet is empty', () => {
  const waiting = { ...line, startedAt: null, finishedAt: null, status: 'PENDING' as const }
  assert.match(written([waiting])[1]!, /,2026-11-23T20:44:00\.000Z,,,,1,$/)
})

test('commas, quotes and line breaks stay within their cell', () => {
  const [, first, second] = written([{ ...line, error: 'a "b", c\r\nd' }])
  assert.ok(first?.endsWith(',1,"a ""b"", c'))
  assert.equal(second, 'd"')
})

test('a cell that a spreadsheet would take for a formula is told apart', () => {
  for (const error of ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)'])
    assert.match(written([{ ...line, error }])[1]!, /,1,"?'[=+\-@]/, error)
})

test('the file grows no larger than it may, and says how many rows it has', () => {
  const whole = openRunTable(MANY)
  assert.equal(whole.add([line, line, line]), true)
  const room = whole.toBytes().length - 1
  const table = openRunTable(room)
  assert.equal(table.add([line, line, line]), false)
  assert.equal(table.rows, 2)
  assert.ok(table.toBytes().length <= room)
})
