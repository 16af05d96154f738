import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant } from '@cronos/domain'
import { clockFrom, openAttemptLog } from './attempt-log.ts'

const at = instant(Date.UTC(2026, 10, 23))

function open() {
  let news = 0
  const told = openAttemptLog(
    () => at,
    () => news++,
  )
  return { ...told, news: () => news, taken: () => told.take() }
}

test('lines are numbered in the order they were logged, with their fields', () => {
  const { log, taken } = open()
  log.info('one', { order: 4711 })
  log.error('two')
  assert.deepEqual(taken()?.lines, [
    { line: 1, at, level: 'INFO', message: 'one', fields: { order: 4711 } },
    { line: 2, at, level: 'ERROR', message: 'two', fields: null },
  ])
  assert.equal(taken(), null)
  log.debug('three')
  assert.equal(taken()?.lines[0]?.line, 3)
})

test('what could not be written comes before what was logged since', () => {
  const { log, taken, putBack } = open()
  log.info('one')
  const first = taken()!
  log.info('two')
  putBack(first)
  assert.deepEqual(
    taken()?.lines.map(line => line.message),
    ['one', 'two'],
  )
})

test('an attempt that logs without end keeps its first lines, and says how many were dropped', () => {
  const { log, taken, close } = open()
  for (let n = 1; n <= 5_000; n++) log.info(`line ${n}`)
  close()
  const lines = taken()!.lines
  assert.equal(lines.length, 1_001)
  assert.equal(lines[999]?.message, 'line 1000')
  assert.match(lines[1_000]!.message, /^4000 more lines were dropped/)
})

test('a few huge lines are bounded too, and none is kept after one that was dropped', () => {
  const { log, taken, close } = open()
  for (let n = 0; n < 100; n++) log.info('x'.repeat(50_000))
  log.info('short')
  close()
  const lines = taken()!.lines
  const kept = lines.slice(0, -1)
  assert.ok(kept.every(line => line.message.length === 10_000))
  assert.equal(kept.length, 26)
  assert.match(lines.at(-1)!.message, /^75 more lines/)
})

test('nothing that a task logs makes it fail, and all that is kept can be stored', () => {
  const { log, taken } = open()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const odd = { toJSON: () => assert.fail('no JSON') }
  log.info('a NUL \0 and half a pair \ud800', { text: 'a\0b', error: new Error('broken') })
  log.info('circle', circle)
  log.info('throws', odd)
  log.info('big', { text: 'x'.repeat(20_000) })
  log.info('a key', { 'a\0b': 1 })
  log.info('a list', [1, 2] as never)
  log.info(Object.create(null))
  const lines = taken()!.lines
  assert.equal(lines[0]?.message, 'a NUL \uFFFD and half a pair \uFFFD')
  assert.deepEqual(lines[0]?.fields, {
    text: 'a\uFFFDb',
    error: { name: 'Error', message: 'broken' },
  })
  for (const line of lines.slice(1, 5)) assert.deepEqual(Object.keys(line.fields!), ['leftOut'])
  assert.deepEqual(lines[5]?.fields, { value: [1, 2] })
  assert.equal(lines[6]?.message, 'a message that is no text')
})

test('of a progress the latest word counts', () => {
  const { progress, taken } = open()
  progress(0.1)
  progress({ done: 30, total: 40, message: 'mails' })
  assert.deepEqual(taken()?.progress, { fraction: 0.75, done: 30, total: 40, message: 'mails' })
  progress(1.000001)
  assert.equal(taken()?.progress?.fraction, 1)
  progress({ message: 'nearly there' })
  assert.deepEqual(taken()?.progress, {
    ...{ fraction: null, done: null, total: null },
    message: 'nearly there',
  })
})

test('a progress that is no number is not told', () => {
  const { progress, taken, news } = open()
  progress(Number.NaN)
  progress({})
  progress({ done: Number.POSITIVE_INFINITY })
  assert.equal(taken(), null)
  assert.equal(news(), 0)
})

test('after its end an attempt is not heard any more', () => {
  const { log, progress, taken, close } = open()
  close()
  log.info('late')
  progress(1)
  assert.equal(taken(), null)
})

test('lines carry the clock of the database, which does not go back', () => {
  const clock = clockFrom(at)
  const first = clock()
  assert.ok(first >= at)
  assert.ok(clock() >= first)
})
