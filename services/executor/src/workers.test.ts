import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { renderTexts } from './template/render.ts'
import { openWorkers, WorkTooLongError } from './workers.ts'

const workers = openWorkers()
after(() => workers[Symbol.asyncDispose]())

const never = new AbortController().signal
const file = new URL('../test/busy-worker.ts', import.meta.url)

test('work is done in a thread, and its answer comes back', async () => {
  const limits = { timeoutMs: 30_000, signal: never }
  assert.deepEqual(await workers.run(file, { work: 'answer' }, limits), { answer: 42 })
})

test('what a thread throws is thrown to whoever waits', async () => {
  const limits = { timeoutMs: 30_000, signal: never }
  await assert.rejects(workers.run(file, { work: 'throw' }, limits), /^Error: thrown in a thread$/)
})

test('work that never ends is ended, and holds up neither the event loop nor the next work', async () => {
  const endless = workers.run(file, { work: 'loop' }, { timeoutMs: 300, signal: never })
  let turns = 0
  const turning = setInterval(() => (turns += 1), 1)
  await assert.rejects(endless, WorkTooLongError)
  clearInterval(turning)
  assert.ok(turns > 10, `the event loop turned ${turns} times`)
  const limits = { timeoutMs: 30_000, signal: never }
  assert.deepEqual(await workers.run(file, { work: 'answer' }, limits), { answer: 42 })
})

test('work is let go with the signal’s reason when it aborts', async () => {
  const abort = new AbortController()
  const endless = workers.run(file, { work: 'loop' }, { timeoutMs: 60_000, signal: abort.signal })
  setTimeout(() => abort.abort(new Error('lease lost')), 50)
  await assert.rejects(endless, /^Error: lease lost$/)
})

const render = async (text: string, data: Record<string, unknown> = {}) =>
  (await renderTexts(workers, { texts: [text], data }, never))[0]

test('a text without markup is itself, and starts no thread', async () => {
  await using none: ReturnType<typeof openWorkers> = {
    run: () => assert.fail('a thread was asked for'),
    [Symbol.asyncDispose]: async () => {},
  }
  const texts = ['sending email job now', '{ 100 % } } %']
  assert.deepEqual(await renderTexts(none, { texts, data: {} }, never), texts)
})

test('a template is filled with the data', async () => {
  const template = '{% for item in items %}{{ item.name | upcase }} {% endfor %}{{ missing }}!'
  const items = [{ name: 'a' }, { name: 'b' }]
  assert.equal(await render(template, { items }), 'A B !')
})

test('a template that is broken is refused for good, by its field', async () => {
  for (const text of ['{{ name', '{% if %}', '{% for x %}', '{{ 1 | no_such_filter }}', '{% x %}'])
    await assert.rejects(render(text), {
      name: 'PermanentError',
      message: /^payload\.template must be a template that renders: /,
    })
})

test('a template reads no file', async () => {
  for (const text of [
    '{% include "/etc/passwd" %}',
    '{% render "../package.json" %}',
    '{% layout "x" %}',
  ])
    await assert.rejects(render(text), { name: 'PermanentError' }, text)
})

test('a template sees its data only, not what JavaScript adds', async () => {
  const template = '{{ a.constructor }}{{ a.__proto__.toString }}{{ constructor.name }}'
  assert.equal(await render(template, { a: { b: 1 } }), '')
})

test('a template that would run for hours or fill the memory is refused for good', async () => {
  const loops = '{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}'
  const grows = `{% assign a = "xxxxxxxxxx" %}${'{% assign a = a | append: a %}'.repeat(40)}{{ a }}`
  for (const text of [loops, grows])
    await assert.rejects(render(text), { name: 'PermanentError', message: /^payload\.template/ })
})
