import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

/** Starts a process that runs `script` as its child, as `npm start` runs Cronos. */
function launch(script: string) {
  const module = new URL('./run-child.mjs', import.meta.url)
  const launcher = `
    const { runChild } = await import(${JSON.stringify(module)})
    process.exitCode = await runChild(process.execPath, ['-e', ${JSON.stringify(script)}])`
  const child = spawn(process.execPath, ['--input-type=module', '-e', launcher], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, lines: createInterface(child.stdout) }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit')
  return code
}

/** Says when it listens to signals, then lives until it has had `wanted` of them. */
const COUNTS_SIGNALS = (wanted: number) => `
  let had = 0
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      console.log(signal)
      if (++had === ${wanted}) process.exit(had)
    })
  setInterval(() => {}, 1e9)
  console.log('ready')`

test("the child's exit code is ours", async () => {
  assert.equal(await exitOf(launch('process.exit(7)').child), 7)
})

test('a child that a signal ended is told apart', async () => {
  const { child } = launch(`process.kill(process.pid, 'SIGKILL')`)
  assert.equal(await exitOf(child), 128 + 9)
})

test('a signal is passed on, and its child may take its time to end', async () => {
  const { child, lines } = launch(COUNTS_SIGNALS(1))
  const ended = exitOf(child)
  await once(lines, 'line')
  child.kill('SIGTERM')
  assert.deepEqual(await once(lines, 'line'), ['SIGTERM'])
  assert.equal(await ended, 1)
})

test('one Ctrl-C that comes from the terminal and from npm is one', async () => {
  const { child, lines } = launch(COUNTS_SIGNALS(2))
  const ended = exitOf(child)
  const heard: string[] = []
  lines.on('line', line => heard.push(line))
  await once(lines, 'line')
  child.kill('SIGINT')
  child.kill('SIGINT')
  await once(lines, 'line')
  await new Promise(resolve => setTimeout(resolve, 400)) // a wish of its own comes later
  child.kill('SIGTERM')
  assert.equal(await ended, 2)
  assert.deepEqual(heard, ['ready', 'SIGINT', 'SIGTERM'])
})
